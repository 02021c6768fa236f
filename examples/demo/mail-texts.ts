/** Who writes to the queues and about what. Texts only; when they arrive is the script's business. */

type Texts = readonly [string, ...string[]];

/** Subjects by queue address. */
export const subjects: Readonly<Record<string, Texts>> = {
  "support@contoso.com": [
    "I cannot sign in any more",
    "The app closes as soon as I open my order history on a tablet",
    "Password reset mail never arrives",
    "Error 0x80070005 after the last update",
    "How do I change my delivery address?",
    "Two-factor codes are always one minute late",
    "Printer prints blank pages since yesterday",
    "Question about the manual, page 14, second paragraph from the top",
  ],
  "sales@contoso.com": [
    "Quotation for 40 licences",
    "Do you deliver to Norway?",
    "Volume discount for schools and other public institutions in 2025",
    "Request for a call back this afternoon",
    "Is the blue one in stock again?",
    "Offer no. 20817: we accept",
  ],
  "billing@contoso.com": [
    "Invoice 2025-11873 charged twice",
    "Please change our billing address",
    "Reminder received although the invoice was paid three weeks ago",
    "VAT id missing on the invoice",
    "SEPA mandate for customer 40117",
  ],
  "returns@contoso.com": [
    "Return of order 77-20914",
    "Wrong size, please exchange",
    "Parcel arrived damaged, photos of the box and of the glass attached",
    "Where is my refund?",
  ],
  "orders@contoso.com": [
    "Order 77-31442: please add two more",
    "Delivery on Friday?",
    "Order confirmation has not arrived",
    "Cancel order 77-31460",
  ],
  "repairs@contoso.com": ["Repair no. 4471: any news?", "The hinge broke again", "Cost estimate is accepted"],
  "press@contoso.com": ["Interview request", "High-resolution pictures of the new building"],
  "jobs@contoso.com": ["Application as a service technician", "Is the position in Examplebury still open?"],
  "vip@contoso.com": ["Board meeting: we need an answer today", "Service contract 2026", "Escalation of case 5521, third request"],
};

/** What a wave of mails is about. */
export const waveSubjects: Texts = [
  "Your shop shows 502 Bad Gateway",
  "Checkout does not work",
  "Site down?",
  "Cannot pay: the page stays white",
  "Shop not reachable since a few minutes, is this a known problem?",
];

/** Customers: display name and address. */
export const customers: readonly [Customer, ...Customer[]] = [
  { name: "Anna Weber", address: "anna.weber@example.org" },
  { name: "Jürgen Groß", address: "j.gross@example.net" },
  { name: "Siobhán O'Neill", address: "siobhan@example.ie" },
  { name: "Mehmet Yıldız", address: "m.yildiz@example.com" },
  { name: "Chloé Lefèvre", address: "chloe.lefevre@example.fr" },
  { name: "Paweł Nowak", address: "pawel.nowak@example.pl" },
  { name: "Example Logistics GmbH & Co. KG", address: "office@logistics.example" },
  { name: "Aisha Khan", address: "aisha.khan@example.com" },
  { name: "Lars Østergaard", address: "lars@example.dk" },
  { name: "María del Carmen Fernández", address: "mcf@example.es" },
  { name: "Tom Baker", address: "tom.baker@example.co.uk" },
  { name: "Facilities, Town of Examplebury", address: "facilities@examplebury.example" },
];

export interface Customer {
  readonly name: string;
  readonly address: string;
}
