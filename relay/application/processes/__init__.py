"""One relay in several processes over one Redis: each kind of process, and what it takes the others for."""
