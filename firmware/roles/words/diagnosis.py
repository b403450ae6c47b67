"""What a device without paper shows when its button is held: short pages, one after another."""


def pages(status):
    """Yield (eight characters, four characters) a page; the most urgent code comes first and last."""
    code = status.get("code") or ""
    yield code or "OK", code or "OK"
    device = status.get("device", "")
    yield device[-6:].upper(), device[-4:].upper()
    rssi = status.get("rssi", 0)
    yield "WIFI%d" % rssi if status.get("network") else "WIFI --", "%4d" % rssi if status.get("network") else "F --"
    yield ("MQTT OK", "S  1") if status.get("broker") else ("MQTT --", "S --")
    yield "JAM %d" % status.get("clock", 0), "J  %d" % status.get("clock", 0)
    config = status.get("config") or "--"
    config = config[:4].upper()
    yield "KONF" + config, config if config != "--" else "C --"
    yield "V" + status.get("fw", "?"), status.get("fw", "?").replace(".", "-")[:4]
    backlog = min(999, status.get("backlog", 0))
    yield "LOG %d" % backlog, "L%3d" % backlog
    yield code or "OK", code or "OK"
