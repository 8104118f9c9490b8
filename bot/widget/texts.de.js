/**
 * Every word of the widget, in German. For another language, write a file like this one and import
 * it in engagement-lotse.js. In braces: values that are filled in.
 */
export default {
  lang: "de",
  name: "Engagement-Lotse",
  region: "Chat-Assistent",
  launcher: "Fragen? Der Lotse hilft",
  kind: "Automatischer Assistent",
  close: "Schließen",
  menu: "Menü",
  restart: "Neu starten",
  download: "Gespräch herunterladen",
  print: "Gespräch drucken",
  remove: "Gespräch löschen",
  notice:
    "Hier antwortet ein Programm, kein Mensch. Bitte geben Sie keine persönlichen Daten ein.",
  privacy: "Datenschutz",

  greeting:
    "Guten Tag! Ich kenne Empfehlungen für alle, die bürgerschaftliches Engagement fördern. "
    + "Was beschäftigt Sie?",
  topicsLabel: "Fragen zum Einstieg",
  topics: [
    "Ich bin neu in dieser Aufgabe",
    "Wie gewinne ich die Politik?",
    "Wie nehme ich die Verwaltung mit?",
    "Wie arbeite ich mit Vereinen?",
    "Wie gewinne ich die Wirtschaft?",
  ],

  log: "Gesprächsverlauf",
  you: "Sie",
  bot: "Lotse",
  input: "Ihre Frage",
  send: "Senden",
  counter: "{n} von {max} Zeichen",
  almostFull: "Noch {n} Zeichen",
  tooLong: "Ihre Nachricht ist um {n} Zeichen zu lang. Bitte kürzen Sie sie.",
  empty: "Bitte schreiben Sie zuerst Ihre Frage.",
  writing: "Der Lotse schreibt …",
  slow: "Das dauert länger als sonst. Der Lotse arbeitet noch …",
  busy: "Bitte warten Sie, bis der Lotse geantwortet hat.",

  points: "Im Einzelnen",
  related: "Weiter mit",
  newWindow: "(neues Fenster)",

  helpful: "War das hilfreich?",
  yes: "Ja",
  no: "Nein",
  reason: "Was hat gefehlt? (freiwillig, bitte ohne persönliche Daten)",
  sendReason: "Rückmeldung senden",
  thanks: "Danke für Ihre Rückmeldung.",
  feedbackFailed: "Ihre Rückmeldung kam nicht an. Bitte versuchen Sie es noch einmal.",

  confirmRemove:
    "Möchten Sie dieses Gespräch löschen? Es wird hier und auf dem Server entfernt.",
  confirmRemoveYes: "Ja, löschen",
  confirmRestart:
    "Möchten Sie neu starten? Das bisherige Gespräch wird hier und auf dem Server gelöscht.",
  confirmRestartYes: "Ja, neu starten",
  cancel: "Abbrechen",
  removed: "Das Gespräch ist gelöscht.",
  restarted: "Ein neues Gespräch beginnt. Das bisherige ist gelöscht.",
  removeFailed: "Das Gespräch ließ sich nicht löschen. Bitte versuchen Sie es gleich noch einmal.",

  notAnswered: "Noch nicht beantwortet.",
  retry: "Erneut versuchen",
  renewed: "Ihr früheres Gespräch war abgelaufen. Ich habe ein neues begonnen.",
  offline:
    "Sie sind gerade nicht mit dem Internet verbunden. Ihre Frage bleibt hier stehen und wird "
    + "gesendet, sobald die Verbindung wieder da ist.",
  failures: {
    network: "Der Lotse ist gerade nicht erreichbar. Bitte versuchen Sie es noch einmal.",
    rate: "Das waren viele Nachrichten auf einmal. Bitte versuchen Sie es in {n} Sekunden wieder.",
    full: "Gerade fragen sehr viele Menschen. Bitte versuchen Sie es etwas später wieder.",
    timeout: "Die Antwort braucht zu lange. Bitte versuchen Sie es noch einmal.",
    text_too_long: "Ihre Nachricht ist zu lang. Bitte kürzen Sie sie.",
    origin: "Der Lotse ist für diese Webseite noch nicht freigeschaltet.",
    other: "Da ist etwas schiefgegangen. Bitte versuchen Sie es noch einmal.",
  },
  contact: "Wenn Sie lieber mit einem Menschen sprechen: {contact}",

  fileName: "engagement-lotse-gespraech.txt",
  fileTitle: "Gespräch mit dem {name} vom {date}",
  fileNotice: "Die Antworten stammen von einem automatischen Assistenten.",
};
