// The frame around every page: sign-in, header with navigation, the page itself, toasts.
import { Component, type ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Empty } from "../components/empty";
import { ErrorBox } from "../components/error_box";
import icon from "../icon.svg";
import { pages, type Page, type PageProps } from "../pages";
import { ApiError } from "./api";
import { href, location } from "./router";
import { session, signedOut, signOut } from "./session";
import { beginSession, SignIn } from "./sign_in";
import { useStore } from "./store";
import { setTheme, theme, type Theme } from "./theme";
import { Toasts } from "./toasts";

export function Shell() {
  const who = useStore(session);
  const [started, setStarted] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const start = () => {
    setError(null);
    beginSession()
      .catch((failure) => {
        if (failure instanceof ApiError && failure.status === 401) return;
        if (failure instanceof ApiError && failure.status === 403) return signedOut(failure.message);
        setError(failure);
      })
      .finally(() => setStarted(true));
  };
  useEffect(start, []);

  if (error) {
    return (
      <main class="shell-main stack">
        <h1>Sinan</h1>
        <ErrorBox error={error} onRetry={start} />
      </main>
    );
  }
  if (!started) return <p class="loading">Loading…</p>;
  return (
    <>
      {who ? <Pages /> : <SignIn />}
      <Toasts />
    </>
  );
}

function Pages() {
  const at = useStore(location);
  const page = at.page === "" ? pages[0] : pages.find((candidate) => candidate.path === at.page);
  useEffect(() => {
    document.title = page ? `${page.title} · Sinan` : "Sinan";
  }, [page]);

  return (
    <div class="shell">
      <a
        class="skip-link"
        href="#main"
        onClick={(event) => {
          event.preventDefault(); // the address is the page's
          document.getElementById("main")!.focus();
        }}
      >
        Skip to the page
      </a>
      <Header current={page} />
      <main class="shell-main" id="main" tabIndex={-1}>
        {page ? (
          <PageGuard key={page.path}>
            <LoadedPage page={page} rest={at.rest} query={at.query} />
          </PageGuard>
        ) : (
          <Empty title="There is no such page">The address names “{at.page}”.</Empty>
        )}
      </main>
    </div>
  );
}

function Header({ current }: { current: Page | undefined }) {
  const who = useStore(session)!;
  return (
    <header class="shell-header">
      <a class="shell-brand" href={href(pages[0]!.path)}>
        <img src={icon} alt="" />
        Sinan
      </a>
      <nav class="shell-nav" aria-label="Pages">
        {pages.map((page) => (
          <a key={page.path} href={href(page.path)} aria-current={page === current ? "page" : undefined}>
            {page.title}
          </a>
        ))}
      </nav>
      <div class="shell-tools">
        <span class="shell-who small muted" title={`Sinan ${who.version}`}>
          {who.project}
          {who.open ? "" : ` · ${who.name} (${who.role})`}
        </span>
        <ThemeSwitch />
        {!who.open && (
          <button class="button small" onClick={signOut}>
            Sign out
          </button>
        )}
      </div>
    </header>
  );
}

const kNext: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
const kSign: Record<Theme, string> = { system: "◐", light: "☀", dark: "☾" };

function ThemeSwitch() {
  const now = useStore(theme);
  const label = `Colours: ${now}. Change to ${kNext[now]}`;
  return (
    <button class="button quiet small" aria-label={label} title={label} onClick={() => setTheme(kNext[now])}>
      <span aria-hidden="true">{kSign[now]}</span>
    </button>
  );
}

// A page's code, fetched when it is first shown.
const loaded = new Map<Page, ComponentType<PageProps>>();

function LoadedPage({ page, rest, query }: { page: Page } & PageProps) {
  const [error, setError] = useState<unknown>(null);
  const [, render] = useState({});
  useEffect(() => {
    if (loaded.has(page)) return;
    page.load().then(
      (module) => {
        loaded.set(page, module.default);
        render({});
      },
      // A new program has other files than the page that is open.
      () => setError(new ApiError(0, "unavailable", "the page could not be loaded", "reload: the server may be a new one")),
    );
  }, [page]);
  const Body = loaded.get(page);
  if (error) return <ErrorBox error={error} onRetry={() => window.location.reload()} />;
  return Body ? <Body rest={rest} query={query} /> : <p class="loading">Loading…</p>;
}

// A defect in a page leaves the frame standing.
class PageGuard extends Component<{ children: preact.ComponentChildren }, { error: unknown }> {
  state = { error: null };
  static getDerivedStateFromError(error: unknown) {
    return { error };
  }
  render() {
    if (!this.state.error) return this.props.children;
    return <ErrorBox error={this.state.error} onRetry={() => this.setState({ error: null })} />;
  }
}

