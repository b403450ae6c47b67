"""Foreign names."""

import json
import sys as system
from struct import pack as packed


def main():
    json_ = json.loads("[1]")
    return packed("<H", 7), json_, system.maxsize > 0, system.implementation.name != ""
