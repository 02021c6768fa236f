/**
 * Plays a person in front of the provider's own pages: follows redirects, keeps cookies, fills in the form that a page
 * shows, and goes where its form leads, at last to the daemon's loopback port. Knows no protocol.
 */

/** What the person does. */
export interface Doing {
  /** Typed into the sign-in page. */
  readonly login?: string;
  /** Typed into the page for device codes. */
  readonly userCode?: string;
  /** Cancels at the first page that lets them. Default false. */
  readonly decline?: boolean;
}

/** The page at which it ended. */
export interface LastPage {
  readonly url: string;
  readonly status: number;
  readonly text: string;
}

/** More pages than any of these ways has. */
const mostPages = 30;

interface Step {
  readonly url: string;
  /** Absent to look, present to send a form. */
  readonly form?: URLSearchParams;
}

/** A person with a fresh browser. */
export function createPerson() {
  const cookies = new Map<string, string>();

  async function open({ url, form }: Step): Promise<Response> {
    const headers = { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") };
    const response = await fetch(url, { redirect: "manual", headers, ...(form ? { method: "POST", body: form } : {}) });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  }

  return {
    /** Resolves with the page that leaves nothing more to do. */
    async visit(url: string, doing: Doing): Promise<LastPage> {
      const used = { userCode: false };
      for (let step: Step | undefined = { url }, pages = 0; pages < mostPages; pages += 1) {
        const response = await open(step);
        const text = await response.text();
        const location = response.headers.get("location");
        const next: Step | undefined = location ? { url: new URL(location, step.url).href } : nextStep(step.url, text, doing, used);
        if (!next) return { url: step.url, status: response.status, text };
        step = next;
      }
      throw new Error(`The person got lost after ${mostPages} pages.`);
    },
  };
}

/** What the person does on a page; nothing where it has no form left for them. */
function nextStep(url: string, page: string, { login, userCode, decline = false }: Doing, used: { userCode: boolean }): Step | undefined {
  const action = /<form [^>]*action="([^"]*)"/.exec(page)?.[1];
  if (action === undefined) return undefined;
  const cancel = /<a href="([^"]*)">\[ Cancel \]/.exec(page)?.[1];
  if (decline && cancel !== undefined) return { url: new URL(plain(cancel), url).href };
  const form = new URLSearchParams();
  for (const [, name = "", value = ""] of page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"\/>/g)) {
    form.append(name, plain(value));
  }
  if (page.includes('name="login"')) {
    form.append("login", login ?? "");
    form.append("password", "any");
  }
  if (page.includes('name="user_code" placeholder')) {
    // A page that asks a second time did not take the code.
    if (used.userCode) return undefined;
    used.userCode = true;
    form.append("user_code", userCode ?? "");
  }
  if (decline && page.includes('name="abort"')) form.append("abort", "yes");
  return { url: new URL(plain(action), url).href, form };
}

const plain = (text: string) => text.replaceAll("&amp;", "&").replaceAll("&quot;", '"').replaceAll("&#39;", "'");
