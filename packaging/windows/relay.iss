; Inno Setup: makes an installer of the folder that PyInstaller has made in dist\relay.
; iscc packaging\windows\relay.iss /DVersion=0.1.0
#ifndef Version
  #define Version "0.0.0"
#endif

[Setup]
AppId={{6D5F5C5A-2B0C-4B5E-9C61-7B1C0A4E9F21}
AppName=Voxta Relay
AppVersion={#Version}
AppPublisher=the Voxta Relay authors
; For this user alone, so that nobody is asked for an administrator's password.
PrivilegesRequired=lowest
DefaultDirName={autopf}\Voxta Relay
DefaultGroupName=Voxta Relay
DisableProgramGroupPage=yes
SourceDir=..\..
OutputDir=dist
OutputBaseFilename=voxta-relay-{#Version}-setup
Compression=lzma2
SolidCompression=yes
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
CloseApplications=yes

[InstallDelete]
; What an older version had and this one has not must not stay.
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "dist\relay\*"; DestDir: "{app}"; Flags: recursesubdirs ignoreversion

[Icons]
; Starts the relay unless it runs, and opens its page. Data and settings are the user's own and stay when it is uninstalled.
Name: "{group}\Voxta Relay"; Filename: "{app}\relay.exe"; Parameters: "run --open"; WorkingDir: "{localappdata}"; Comment: "Start the relay and open its page"
Name: "{group}\Voxta Relay (demo)"; Filename: "{app}\relay.exe"; Parameters: "demo"; WorkingDir: "{localappdata}"; Comment: "An invented audience talks to a companion"

[Run]
Filename: "{app}\relay.exe"; Parameters: "run --open"; WorkingDir: "{localappdata}"; Description: "Start Voxta Relay and open its page"; Flags: postinstall nowait skipifsilent unchecked
