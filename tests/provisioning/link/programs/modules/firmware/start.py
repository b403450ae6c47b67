from firmware import VERSION
from firmware.core.loan import give_back
from firmware.deep import one, two
from protocol import plus


def late():
    from firmware import seldom
    from firmware.seldom import Thing, told

    made = told(2), seldom.WORD, seldom.told(3), Thing(4).n
    del Thing
    give_back("firmware.seldom")
    return made


def main():
    return VERSION, one.value(1), two.value(1), plus(1, 2), late(), late()
