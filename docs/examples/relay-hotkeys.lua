-- Hotkeys of OBS for Voxta Relay. In OBS: Tools → Scripts → + and choose this file, then File → Settings → Hotkeys.
-- The relay has to run on the same machine as OBS. docs/buttons.md tells more.
--
-- OBS brings LuaJIT, and LuaJIT can call the system's own functions for the network. So nothing has to be installed, no
-- other program is started for a press, and no window flashes up; OBS waits for none of it.

local obs = obslua
local ffi = require("ffi")

local ACTS = { -- name, what OBS shows, the action of the relay, its fields
  { "silence", "Relay: silence", "silence", "{}" },
  { "skip", "Relay: skip this answer", "skip", "{}" },
  { "pause", "Relay: pause", "pause", "{}" },
  { "resume", "Relay: go on", "resume", "{}" },
  { "approve", "Relay: approve what is held for longest", "approve", '{"id": "first"}' },
  { "reject", "Relay: reject what is held for longest", "reject", '{"id": "first"}' },
  { "emergency", "Relay: emergency (silence, pause, clear)", "emergency", "{}" },
}
local POLL = 50 -- milliseconds between two looks for an answer
local PATIENCE = 100 -- looks after which nobody waits any more

local hotkeys = {}
local port, token = 8081, ""

-- The network, as each system names it.

local IS_WINDOWS = ffi.os == "Windows"
local IS_MAC = ffi.os == "OSX"
local NO_SIGNAL = ffi.os == "Linux" and 0x4000 or 0 -- a relay that is gone must not end OBS

ffi.cdef(IS_WINDOWS and [[
  typedef uintptr_t relay_socket;
  int WSAStartup(uint16_t version, void *data);
  int closesocket(relay_socket socket);
  int ioctlsocket(relay_socket socket, long command, unsigned long *value);
]] or [[
  typedef int relay_socket;
  int close(relay_socket socket);
  int fcntl(relay_socket socket, int command, ...);
  int setsockopt(relay_socket socket, int level, int name, const void *value, uint32_t size);
]])
ffi.cdef [[
  relay_socket socket(int domain, int type, int protocol);
  int connect(relay_socket socket, const void *address, int size);
  int send(relay_socket socket, const char *data, int size, int flags);
  int recv(relay_socket socket, char *data, int size, int flags);
]]

local net = IS_WINDOWS and ffi.load("ws2_32") or ffi.C
if IS_WINDOWS then net.WSAStartup(0x0202, ffi.new("char[512]")) end

local function close(socket)
  if IS_WINDOWS then net.closesocket(socket) else net.close(socket) end
end

local function wait_for_nothing(socket)
  if IS_WINDOWS then
    net.ioctlsocket(socket, 0x8004667E - 0x100000000, ffi.new("unsigned long[1]", 1))
  else
    net.fcntl(socket, 4, ffi.cast("int", IS_MAC and 0x0004 or 0x0800))
  end
end

-- 127.0.0.1 and the port, as the system wants an address.
local function address()
  local bytes = ffi.new("uint8_t[16]")
  if IS_MAC then bytes[0], bytes[1] = 16, 2 else bytes[0], bytes[1] = 2, 0 end
  bytes[2], bytes[3] = math.floor(port / 256), port % 256
  bytes[4], bytes[7] = 127, 1
  return bytes
end

local function open()
  local socket = net.socket(2, 1, 0)
  if IS_MAC then net.setsockopt(socket, 0xffff, 0x1022, ffi.new("int[1]", 1), 4) end
  if net.connect(socket, address(), 16) ~= 0 then
    close(socket)
    return nil
  end
  return socket
end

local function request(action, fields)
  local head = {
    "POST /api/" .. action .. " HTTP/1.1",
    "Host: localhost:" .. port,
    "Content-Type: application/json",
    "Content-Length: " .. #fields,
    "Connection: close",
  }
  if token ~= "" then head[#head + 1] = "Authorization: Bearer " .. token end
  return table.concat(head, "\r\n") .. "\r\n\r\n" .. fields
end

-- What the relay says goes into the log of the script; a failure opens that log.

local function tell(action, answer)
  local status = answer:match("^HTTP/1%.%d (%d+)")
  local text = answer:match('"answer": "(.-)"') or answer:match('"text": "(.-)"') or answer:match("\r\n\r\n(.*)") or ""
  local level = status == "200" and obs.LOG_INFO or obs.LOG_WARNING
  obs.script_log(level, action .. ": " .. (status and text or "the relay did not answer"))
end

local function listen(socket, action)
  local buffer, answer, looks = ffi.new("char[4096]"), "", 0
  local function look()
    local count = net.recv(socket, buffer, 4096, 0)
    while count > 0 do
      answer = answer .. ffi.string(buffer, count)
      count = net.recv(socket, buffer, 4096, 0)
    end
    looks = looks + 1
    if count == 0 or looks >= PATIENCE then
      obs.timer_remove(look)
      close(socket)
      tell(action, answer)
    end
  end
  obs.timer_add(look, POLL)
end

local function ask(action, fields)
  local socket = open()
  if socket == nil then
    obs.script_log(obs.LOG_WARNING, action .. ": no relay listens on port " .. port .. " of this machine")
    return
  end
  local data = request(action, fields)
  if net.send(socket, data, #data, NO_SIGNAL) ~= #data then
    close(socket)
    obs.script_log(obs.LOG_WARNING, action .. ": the relay went away")
    return
  end
  wait_for_nothing(socket)
  listen(socket, action)
end

-- What OBS asks of a script.

function script_description()
  return "Hotkeys for Voxta Relay: silence, skip, pause, approve and more. Choose the keys under File → Settings → Hotkeys."
end

function script_properties()
  local properties = obs.obs_properties_create()
  obs.obs_properties_add_int(properties, "port", "Port of the relay (web.port)", 1, 65535, 1)
  obs.obs_properties_add_text(properties, "token", "Token, if the relay asks for one", obs.OBS_TEXT_PASSWORD)
  return properties
end

function script_defaults(settings)
  obs.obs_data_set_default_int(settings, "port", 8081)
end

function script_update(settings)
  port = obs.obs_data_get_int(settings, "port")
  token = obs.obs_data_get_string(settings, "token"):gsub("[^%w_-]", "")
end

function script_load(settings)
  for _, act in ipairs(ACTS) do
    local name, label, action, fields = unpack(act)
    local function pressed(is_down)
      if is_down then ask(action, fields) end
    end
    hotkeys[name] = obs.obs_hotkey_register_frontend("relay." .. name, label, pressed)
    local keys = obs.obs_data_get_array(settings, "relay." .. name)
    obs.obs_hotkey_load(hotkeys[name], keys)
    obs.obs_data_array_release(keys)
  end
end

function script_save(settings)
  for name, hotkey in pairs(hotkeys) do
    local keys = obs.obs_hotkey_save(hotkey)
    obs.obs_data_set_array(settings, "relay." .. name, keys)
    obs.obs_data_array_release(keys)
  end
end
