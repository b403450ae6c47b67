"""The words of the fleet's tables."""

from controller.web.i18n import N_

KINDS = {
    "village": N_("Village hall"),
    "urban": N_("Urban village hall"),
    "subdistrict": N_("Sub-district office"),
    "health": N_("Health centre"),
    "office": N_("Office of the regency"),
}
ROLES = {
    "kiosk": N_("Kiosk"),
    "display": N_("Display"),
    "counter": N_("Counter keypad"),
    "sensor": N_("Sensor"),
}
