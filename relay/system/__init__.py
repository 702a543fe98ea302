"""What any long-running program needs: tasks that end, private files, HTTP, a shutdown in good order."""
