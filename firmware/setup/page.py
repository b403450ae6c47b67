"""The one page of the access point, in Indonesian: pick a network, type its password, see what becomes of it.

It works without JavaScript; with it the page looks for the result itself, and goes on when the phone loses the access
point for a moment (a chip that joins a network on another channel takes its access point with it).
"""

HEAD = """<!DOCTYPE html><html lang=id><meta charset=utf-8><meta name=viewport content="width=device-width">
<title>Wi-Fi Balai</title><style>
body{font:17px/1.5 system-ui,sans-serif;margin:0;background:#eef2f1;color:#16302b}
main{max-width:26em;margin:auto;padding:1.2em}
h1{font-size:1.5em;margin:.4em 0 0}p{margin:.4em 0}small{color:#4d635e}
form,.box{background:#fff;border-radius:14px;padding:1em;margin:1em 0}
.box{border-left:8px solid #0b7a5f}.bad{border-color:#b3261e}.wait{border-color:#c77700}
ul{list-style:none;margin:0;padding:0}li{border-bottom:1px solid #dde5e3}
li label{display:flex;align-items:center;gap:.7em;min-height:3em;padding:.3em 0;line-height:1.25}
li b{flex:1;overflow-wrap:anywhere}summary{color:#0b7a5f;padding:.8em 0 0}
input[type=radio]{width:1.3em;height:1.3em;accent-color:#0b7a5f}
.field{display:block;margin:1em 0 0}.field input{box-sizing:border-box;width:100%;font:inherit;padding:.7em;
border:2px solid #9db3ad;border-radius:10px}
button,.again{display:block;width:100%;box-sizing:border-box;margin:1em 0 0;padding:.8em;border:0;border-radius:10px;
background:#0b7a5f;color:#fff;font:inherit;font-weight:700;text-align:center;text-decoration:none}
.again{background:none;color:#0b7a5f;padding:.3em}
</style>"""
TITLE = "<main><small>%s</small><h1>Wi-Fi untuk alat ini</h1>"

FORM = """<form method=post action=/network><p>Pilih jaringan balai, ketik kata sandinya.</p><ul>"""
ROW = """<li><label><input type=radio name=ssid value="%s"%s><b>%s</b><small>%s, %s</small></label>"""
OTHER = """</ul>
<details><summary>Jaringan tidak ada di daftar?</summary>
<label class=field>Nama jaringan<input name=other maxlength=32 autocapitalize=none></label></details>
<label class=field>Kata sandi<input name=password minlength=8 maxlength=64 autocomplete=off autocapitalize=none></label>
<button>Sambungkan</button><a class=again href="/?cari">Cari jaringan lagi</a></form>
<p><small>Jaringan lama tetap tersimpan. Antrean tetap berjalan.</small>"""

TRYING = """<div class="box wait"><b>↻ Mencoba %s …</b><p>Tunggu sampai satu menit.
Ponsel terputus? Sambungkan lagi ke %s.</div><noscript><meta http-equiv=refresh content=3></noscript><script>
setInterval(function(){fetch("/result").then(function(r){return r.json()}).then(function(r){
if(r.state!="trying")location="/"}).catch(function(){})},1500)</script>"""
JOINED = """<div class=box><b>✓ Tersambung ke %s</b><p>Alamat di balai: <b>%s</b><p>%s</div>"""
WELL = "Server pusat menjawab. Selesai: halaman ini boleh ditutup."
WAITING = """Menunggu jawaban server pusat …<meta http-equiv=refresh content=5>"""
FAILED = """<div class="box bad"><b>✕ Gagal: %s</b><p>%s Jaringan lama tetap dipakai.</div>"""
REASONS = {
    "password": "Kata sandinya salah. Periksa huruf besar dan kecil, lalu coba lagi.",
    "missing": "Jaringan itu tidak ditemukan. Dekatkan alat ke router, lalu coba lagi.",
    "server": "Wi-Fi tersambung, tetapi server pusat tidak menjawab di sana.",
    "invalid": "Nama 1 sampai 32 huruf; kata sandi 8 sampai 64 huruf, atau kosong.",
}
OTHERWISE = "Router tidak menerima alat ini. Coba lagi."
STRENGTHS = ("kuat", "sedang", "lemah")


def render(name: str, result, networks):
    """Yield the page: `name` of the access point, `result` and `networks` as `Wlan` gives them."""
    state, ssid = result["state"], escaped(result["ssid"])
    yield HEAD
    yield TITLE % name
    if state == "trying":
        yield TRYING % (ssid, name)
        return
    if state == "joined":
        yield JOINED % (ssid, result["address"], WAITING if result["reason"] else WELL)
        return
    if state == "failed":
        yield FAILED % (ssid, REASONS.get(result["reason"], OTHERWISE))
    yield FORM
    for one, rssi, locked in networks:
        one = escaped(one)
        strength = STRENGTHS[0 if rssi >= -60 else 1 if rssi >= -75 else 2]
        yield ROW % (one, " checked" if one == ssid else "", one, strength, "terkunci" if locked else "terbuka")
    yield OTHER


def escaped(text: str) -> str:
    """A text in HTML."""
    for one, other in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(one, other)
    return text
