/**
 * How the folders that every mailbox has are called in the language of its owner.
 * Invariant: only display names differ; well-known names are the same in every language (Graph's mailFolder resource). Knows no mailbox.
 */

/** The language in which a mailbox was first opened. */
export type MailboxLanguage = "en" | "de" | "ja";

/** By well-known name; what is not here is called as in English. Source: Outlook's own display names. */
const names: Readonly<Record<Exclude<MailboxLanguage, "en">, Readonly<Record<string, string>>>> = {
  de: {
    msgfolderroot: "Oberste Ebene des Informationsspeichers",
    archive: "Archiv",
    conversationhistory: "Aufgezeichnete Unterhaltungen",
    deleteditems: "Gelöschte Elemente",
    drafts: "Entwürfe",
    inbox: "Posteingang",
    junkemail: "Junk-E-Mail",
    outbox: "Postausgang",
    sentitems: "Gesendete Elemente",
  },
  ja: {
    archive: "アーカイブ",
    conversationhistory: "会話の履歴",
    deleteditems: "削除済みアイテム",
    drafts: "下書き",
    inbox: "受信トレイ",
    junkemail: "迷惑メール",
    outbox: "送信トレイ",
    sentitems: "送信済みアイテム",
  },
};

/** The display name of a well-known folder. */
export function displayNameIn(language: MailboxLanguage, wellKnown: string, english: string): string {
  return language === "en" ? english : (names[language][wellKnown] ?? english);
}
