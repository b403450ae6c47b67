"""Configurations: made of layers, looked at before they are saved, told to devices and followed until they apply."""
