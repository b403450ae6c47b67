"""Where the simulated halls are and what stands in them.

Names are places of Banyuwangi; positions are rounded to a few kilometres, for a map on a screen. What happens there is
made up.
"""

from typing import NamedTuple


class Hall(NamedTuple):
    """One simulated hall. `trouble`: what is wrong there, see `life`; "" for nothing."""

    id: str
    name: str
    kind: str
    district: str
    lat: float
    lon: float
    uplink: str
    counters: int
    trouble: str = ""


REAL = ("genteng", -8.37, 114.15)  # district and place of the hall that runs on MicroPython

HALLS = (
    Hall("kedungrejo", "Desa Kedungrejo", "village", "muncar", -8.44, 114.34, "fibre", 3),
    Hall("kemiren", "Desa Kemiren", "village", "glagah", -8.20, 114.32, "fibre", 2),
    Hall("tamansari", "Desa Tamansari", "village", "licin", -8.17, 114.25, "wireless", 2, "flapping"),
    Hall("ketapang", "Desa Ketapang", "village", "kalipuro", -8.14, 114.39, "fibre", 2),
    Hall("bangsring", "Desa Bangsring", "village", "wongsorejo", -8.05, 114.42, "wireless", 1, "dark"),
    Hall("kepatihan", "Kelurahan Kepatihan", "urban", "banyuwangi", -8.22, 114.37, "fibre", 3),
    Hall("aliyan", "Desa Aliyan", "village", "rogojampi", -8.30, 114.26, "fibre", 1, "display"),
    Hall("temuguruh", "Desa Temuguruh", "village", "sempu", -8.33, 114.16, "fibre", 2),
    Hall("sumbergondo", "Desa Sumbergondo", "village", "glenmore", -8.33, 114.05, "wireless", 1),
    Hall("kalibaru-manis", "Desa Kalibaru Manis", "village", "kalibaru", -8.30, 113.98, "wireless", 2, "paper"),
    Hall("sumberagung", "Desa Sumberagung", "village", "pesanggaran", -8.58, 114.09, "wireless", 2),
    Hall("kalipait", "Desa Kalipait", "village", "tegaldlimo", -8.55, 114.31, "wireless", 1, "printer"),
    Hall("grajagan", "Desa Grajagan", "village", "purwoharjo", -8.57, 114.22, "wireless", 1),
    Hall("benculuk", "Desa Benculuk", "village", "cluring", -8.43, 114.21, "fibre", 2),
    Hall("wonosobo", "Desa Wonosobo", "village", "srono", -8.40, 114.26, "fibre", 2, "low"),
    Hall("sumberbulu", "Desa Sumberbulu", "village", "songgon", -8.25, 114.20, "wireless", 1),
    Hall("sragi", "Desa Sragi", "village", "songgon", -8.27, 114.22, "fibre", 1),
    Hall("pm-gitik", "Puskesmas Gitik", "health", "rogojampi", -8.31, 114.29, "fibre", 3),
    Hall("kec-genteng", "Kantor Kecamatan Genteng", "subdistrict", "genteng", -8.36, 114.14, "fibre", 3),
    Hall("tampo", "Desa Tampo", "village", "cluring", -8.45, 114.24, "fibre", 1),
)
