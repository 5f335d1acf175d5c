"""livepatchd on a private message bus, with an emulated kernel and an emulated polkit."""
