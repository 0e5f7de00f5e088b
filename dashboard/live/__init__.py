"""The live path: a WebSocket per reader, and the player in the page that draws what arrives."""
