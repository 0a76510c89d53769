"""The live lane: sockets that tell open pages what has happened."""
