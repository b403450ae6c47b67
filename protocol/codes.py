"""The codes that devices show and print, each with one sentence in Indonesian and in English: what to do."""

NO_WIFI = "E-01"
NO_BROKER = "E-02"
BAD_CERTIFICATE = "E-03"
BAD_SECRET = "E-04"
NO_CLOCK = "E-05"
PAPER_LOW = "E-06"
PAPER_OUT = "E-07"
PRINTER_SILENT = "E-08"
PRINTER_OPEN = "E-09"
JOURNAL_NEAR = "E-10"
JOURNAL_FULL = "E-11"
NO_CONFIG = "E-12"
BAD_CONFIG = "E-13"
NOT_LEADER = "E-14"
NO_DAY = "E-15"
NUMBERS_FULL = "E-16"
SERVICE_CLOSED = "E-17"
CRASHED = "E-18"
CONTROLLER_SILENT = "E-19"
REFUSED_OTHER = "E-20"
SETUP = "S-01"
SETUP_TRYING = "S-02"
SETUP_JOINED = "S-03"
SETUP_FAILED = "S-04"

CODES = {
    NO_WIFI: ("Wi-Fi tidak tersambung: periksa router dan kata sandi.", "No Wi-Fi: check the router and the password."),
    NO_BROKER: (
        "Server tidak terjangkau: periksa internet. Antrean tetap jalan.",
        "Server out of reach: check the internet. The queue goes on.",
    ),
    BAD_CERTIFICATE: (
        "Sertifikat server ditolak: hubungi admin, jangan ganti alat.",
        "Server certificate refused: call the admin, keep the device.",
    ),
    BAD_SECRET: (
        "Alat ini tidak dikenal server: klaim ulang oleh teknisi.",
        "The server does not know this device: claim it again.",
    ),
    NO_CLOCK: (
        "Jam belum benar: tunggu sambungan, atau ganti baterai jam.",
        "Clock not set: wait for a connection, or change its battery.",
    ),
    PAPER_LOW: ("Kertas hampir habis: siapkan gulungan baru.", "Paper is low: have a new roll ready."),
    PAPER_OUT: ("Kertas habis: pasang gulungan baru.", "Paper is out: put in a new roll."),
    PRINTER_SILENT: (
        "Printer tidak menjawab: periksa kabel dan listriknya.",
        "The printer does not answer: check its cable and power.",
    ),
    PRINTER_OPEN: (
        "Tutup printer terbuka: tutup sampai berbunyi klik.",
        "The printer is open: close it until it clicks.",
    ),
    JOURNAL_NEAR: (
        "Memori hampir penuh: sambungkan internet hari ini.",
        "Memory is nearly full: get the internet back today.",
    ),
    JOURNAL_FULL: (
        "Memori penuh: sambungkan internet, tiket berhenti dulu.",
        "Memory is full: get the internet back, no tickets until then.",
    ),
    NO_CONFIG: ("Belum ada pengaturan: sambungkan ke server.", "No configuration yet: connect it to the server."),
    BAD_CONFIG: (
        "Pengaturan baru ditolak: yang lama dipakai, hubungi admin.",
        "New configuration refused: the old one is in use, call the admin.",
    ),
    NOT_LEADER: ("Alat lain memimpin antrean: ambil nomor di sana.", "Another device leads: take a number there."),
    NO_DAY: (
        "Hari belum dibuka: tunggu sebentar, lalu coba lagi.",
        "The day is not open yet: wait a little, try again.",
    ),
    NUMBERS_FULL: ("Nomor hari ini habis: hubungi petugas loket.", "Today's numbers are used up: ask at a counter."),
    SERVICE_CLOSED: ("Layanan ini sedang tutup: tanya petugas loket.", "This service is closed: ask at a counter."),
    CRASHED: (
        "Alat baru pulih dari gangguan: laporkan bila berulang.",
        "Restarted after a fault: report it if it repeats.",
    ),
    CONTROLLER_SILENT: (
        "Server tidak menjawab: antrean tetap jalan, data menyusul.",
        "The server is silent: the queue goes on, data will follow.",
    ),
    REFUSED_OTHER: ("Permintaan ditolak: coba lagi, lalu tanya petugas.", "Refused: try again, then ask at a counter."),
    SETUP: (
        "Sambungkan ponsel ke Wi-Fi Balai-, buka halamannya.",
        "Join the Wi-Fi Balai- with a phone: open its page.",
    ),
    SETUP_TRYING: ("Wi-Fi yang dipilih sedang dicoba: tunggu.", "The chosen Wi-Fi is being tried: wait."),
    SETUP_JOINED: ("Wi-Fi yang dipilih tersambung.", "The chosen Wi-Fi is joined."),
    SETUP_FAILED: ("Wi-Fi yang dipilih gagal: baca halamannya.", "The chosen Wi-Fi failed: the page says why."),
}
