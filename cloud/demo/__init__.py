"""The story from a registered ID to the right menu on the phone, told and checked through the public interfaces."""
