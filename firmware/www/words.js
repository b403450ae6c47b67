// The pages' words: Indonesian first, English second.
export const WORDS = {
  id: {
    lang: "id", other: "en", switch: "English",
    now: "Nomor dipanggil", last: "Panggilan sebelumnya", none: "Belum ada panggilan", take: "Silakan ambil nomor di anjungan",
    closed: "tutup", up: "Tersambung", down: "Sambungan terputus", local: "Jaringan balai",
    since: "data pukul", sound: "Nyalakan suara", free: "Kosong",
    next: "Panggil berikutnya", recall: "Panggil ulang", serve: "Mulai layani", finish: "Selesai", no_show: "Tidak hadir",
    park: "Tunda", transfer: "Pindahkan", call: "Panggil nomor", issue: "Tambah tiket", resume: "Kembalikan", open: "Buka", close: "Tutup",
    new_day: "Hari baru", leader_down: "Anjungan tidak terjangkau",
    new_day_sure: "Hari ini ditutup: nomor yang masih terbuka ({n}) hangus, dan penomoran mulai lagi dari awal. Ini tidak dapat dibatalkan.",
    counter: "Loket", queue: "Antrean", others: "Ditunda dan tidak hadir", empty: "Tidak ada yang menunggu",
    choose: "Pilih loket Anda", state_called: "dipanggil", state_serving: "dilayani", state_waiting: "menunggu", state_parked: "ditunda",
    state_noshow: "tidak hadir", state_begun: "sedang dicetak", ticket: "Nomor tiket", service: "Layanan", priority: "Prioritas",
    cancel: "Batal", signout: "Keluar", board: "Papan", sending: "Mengirim…", in_hall: "Konsol di balai",
    unknown: "Belum pasti: belum ada jawaban. Halaman ini terus menanyakan; jangan tekan lagi.", done: "Berhasil", minutes: "mnt",
    offline: "Pengendali tidak terjangkau. Periksa jaringan; halaman ini mencoba lagi sendiri.",
    refused_empty: "Tidak ada yang menunggu untuk loket ini.", refused_no_ticket: "Nomor itu tidak ada hari ini.",
    refused_wrong_state: "Tiket itu sudah berubah. Lihat daftar, lalu pilih lagi.", refused_closed: "Layanan itu sedang tutup.",
    refused_full: "Nomor hari ini sudah habis. Mulai hari baru atau hubungi admin.", refused_not_leader: "Anjungan lain sedang memimpin. Muat ulang halaman.",
    refused_unknown_service: "Layanan itu tidak dikenal di balai ini.", refused_unknown_counter: "Loket itu tidak dikenal di balai ini.",
    refused_no_day: "Hari belum dibuka. Tunggu anjungan, atau hubungi admin.", refused_journal_full: "Memori anjungan penuh. Hubungi teknisi.",
    refused_expired: "Perintah kedaluwarsa. Tekan lagi.", refused_low_term: "Pimpinan antrean baru saja berganti. Tekan lagi.",
    refused_bad_command: "Perintah itu tidak dipahami. Muat ulang halaman, lalu tekan lagi.",
    refused_paper: "Anjungan tidak dapat mencetak. Isi kertas, atau tambah tiket dengan tangan.",
    refused_other: "Ditolak:", forbidden: "Anda tidak berhak untuk balai ini.",
    elderly: "Lansia", disabled: "Disabilitas", pregnant: "Ibu hamil", infant: "Membawa bayi", "": "Umum",
  },
  en: {
    lang: "en", other: "id", switch: "Bahasa Indonesia",
    now: "Now calling", last: "Called before", none: "No calls yet", take: "Please take a number at the kiosk",
    closed: "closed", up: "Connected", down: "Connection lost", local: "Hall network",
    since: "as of", sound: "Turn sound on", free: "Free",
    next: "Call next", recall: "Call again", serve: "Start serving", finish: "Finish", no_show: "No-show",
    park: "Park", transfer: "Transfer", call: "Call a number", issue: "Add a ticket", resume: "Put back", open: "Open", close: "Close",
    new_day: "New day", leader_down: "Kiosk out of reach",
    new_day_sure: "This closes the day: numbers that are still open ({n}) expire, and numbering begins again. It cannot be undone.",
    counter: "Counter", queue: "Queue", others: "Parked and no-shows", empty: "Nobody is waiting",
    choose: "Choose your counter", state_called: "called", state_serving: "serving", state_waiting: "waiting", state_parked: "parked",
    state_noshow: "no-show", state_begun: "printing", ticket: "Ticket number", service: "Service", priority: "Priority",
    cancel: "Cancel", signout: "Sign out", board: "Board", sending: "Sending…", in_hall: "Console in the hall",
    unknown: "Not certain yet: no answer has come. This page keeps asking; do not press again.", done: "Done", minutes: "min",
    offline: "The controller cannot be reached. Check the network; this page tries again by itself.",
    refused_empty: "Nobody is waiting for this counter.", refused_no_ticket: "There is no such number today.",
    refused_wrong_state: "That ticket has changed meanwhile. Look at the list and choose again.", refused_closed: "That service is closed.",
    refused_full: "Today's numbers are used up. Start a new day or call an admin.", refused_not_leader: "Another kiosk leads now. Reload the page.",
    refused_unknown_service: "This hall does not know that service.", refused_unknown_counter: "This hall does not know that counter.",
    refused_no_day: "The day is not open yet. Wait for the kiosk or call an admin.", refused_journal_full: "The kiosk's memory is full. Call a technician.",
    refused_expired: "The command expired. Press again.", refused_low_term: "Who leads the queue has just changed. Press again.",
    refused_bad_command: "The command was not understood. Reload the page and press again.",
    refused_paper: "The kiosk cannot print. Refill its paper, or add the ticket by hand.",
    refused_other: "Refused:", forbidden: "You have no rights for this hall.",
    elderly: "Elderly", disabled: "Disabled", pregnant: "Pregnant", infant: "With infant", "": "General",
  },
};

// The words of the first language that there are words of; Indonesian for none.
export const words = (...langs) => WORDS[langs.find((one) => Object.keys(WORDS).includes(one)) || "id"];

// A refusal's sentence: what happened and what to do. Reasons are those of the contract.
export function refusal(w, reason) {
  return w["refused_" + reason] || `${w.refused_other} ${reason}`;
}
