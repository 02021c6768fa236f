/** Mails as customers write them, for mailboxes that nobody filled. */
import type { SeedMessage } from "./message-schema.js";

const samples: readonly SeedMessage[] = [
  {
    subject: "Where is my parcel?",
    from: { name: "Anna Berg", address: "anna.berg@example.org" },
    text: "Good day,\n\nI ordered two weeks ago (4711) and nothing has come yet. Where is it?\n\nAnna Berg\n",
  },
  {
    subject: "My kettle arrived broken",
    from: { name: "Tom Okafor", address: "tom@example.net" },
    html: "<p>Hello,</p><p>please see the picture: the lid is gone. I would like another one.</p><p>Tom</p>",
    attachments: [{ name: "kettle.jpg", contentType: "image/jpeg", bytes: 48_000 }],
  },
  {
    subject: "Out of office: your offer",
    from: { name: "M. Ruiz", address: "m.ruiz@example.com" },
    text: "I am away until Monday.\n",
    headers: [
      { name: "Auto-Submitted", value: "auto-replied" },
      { name: "From", value: "m.ruiz@example.com" },
    ],
  },
  {
    subject: "Invoice for March",
    from: { name: "Kim Lund", address: "accounts@example.com" },
    text: "Please find the invoice attached.\n",
    attachments: [{ name: "invoice-2026-03.pdf", contentType: "application/pdf", bytes: 120_000 }],
  },
  {
    subject: "Thank you!",
    from: { name: "Anna Berg", address: "anna.berg@example.org" },
    text: "It has come, all is well.\n\nAnna Berg\n",
  },
];

/** The sample of that number; after the last one the first comes again. */
export const sampleMail = (number: number): SeedMessage => samples[number % samples.length] as SeedMessage;
