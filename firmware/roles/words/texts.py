"""What devices say to people: Indonesian first, English second. ASCII, as printers and digits know no more."""

_TEXTS = {
    "number": ("Nomor antrian", "Queue number"),
    "ahead": ("Di depan Anda", "Ahead of you"),
    "people": ("%d orang", "%d people"),
    "wait": ("Perkiraan tunggu", "Estimated wait"),
    "minutes": ("%d menit", "%d minutes"),
    "soon": ("segera", "soon"),
    "need": ("Siapkan: ", "Please have ready: "),
    "free": ("TIDAK DIPUNGUT BIAYA", "FREE OF CHARGE"),
    "priority": ("PRIORITAS: ", "PRIORITY: "),
    "elderly": ("lanjut usia", "elderly"),
    "disabled": ("disabilitas", "disabled"),
    "pregnant": ("ibu hamil", "pregnant"),
    "infant": ("membawa bayi", "with an infant"),
    "diagnosis": ("DIAGNOSA PERANGKAT", "DEVICE DIAGNOSIS"),
    "device": ("Perangkat", "Device"),
    "position": ("Posisi", "Position"),
    "network": ("Jaringan", "Network"),
    "signal": ("Sinyal", "Signal"),
    "server": ("Server pusat", "Controller"),
    "clock": ("Jam", "Clock"),
    "config": ("Konfigurasi", "Configuration"),
    "version": ("Versi", "Version"),
    "boots": ("Jumlah nyala", "Boots"),
    "backlog": ("Belum terkirim", "Not yet sent"),
    "heap": ("Memori bebas", "Free memory"),
    "crash": ("Gangguan terakhir:", "Last crash:"),
    "yes": ("tersambung", "connected"),
    "no": ("TERPUTUS", "NOT CONNECTED"),
    "none": ("belum ada", "none yet"),
    "test": ("UJI CETAK", "PRINT TEST"),
    "well": ("Perangkat bekerja normal.", "The device works normally."),
}

CLOCKS = (
    ("belum disetel", "not set"),
    ("perkiraan", "estimated"),
    ("chip jam", "clock chip"),
    ("dari server", "from controller"),
    ("dari internet", "from internet"),
)


def words(key: str, lang: str) -> str:
    """The text `key` in `lang` ("id" or "en"). Raises KeyError for an unknown text."""
    return _TEXTS[key][lang == "en"]
