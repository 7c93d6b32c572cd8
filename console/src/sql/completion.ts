// Completion in the editor: the server knows the language and the project; what a statement is for comes from its help.
import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { api } from "../frame/api";

export interface StatementHelp {
  name: string;
  function: boolean;
  summary: string;
  synopsis: string;
  details: string;
  example: string;
}

// What the server tells of the language.
export interface Vocabulary {
  statements: StatementHelp[];
  keywords: string[];
}

interface Words {
  unfinished: string;
  words: { word: string; kind: "keyword" | "table" | "column" | "model" | "name" }[];
}

const kTypes = { keyword: "keyword", table: "class", column: "property", model: "interface", name: "constant" };

// The statements that a word begins or continues, as an element of the list's side.
function infoOf(word: string, statements: StatementHelp[]): Completion["info"] {
  const wanted = word.toUpperCase();
  const found = statements.filter(({ name }) => name.toUpperCase().split(" ").includes(wanted)).slice(0, 4);
  if (found.length === 0) return undefined;
  return () => {
    const box = document.createElement("div");
    for (const statement of found) {
      const name = document.createElement("strong");
      name.textContent = statement.name;
      const summary = document.createElement("div");
      summary.textContent = statement.summary;
      box.append(name, summary);
    }
    return box;
  };
}

// `statements`: what is known by now; the list may come after the editor.
export function completionSource(statements: () => StatementHelp[]) {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const document = context.state.doc.toString();
    const begin = document.lastIndexOf(";", context.pos - 1) + 1;
    const end = document.indexOf(";", context.pos);
    const text = document.slice(begin, context.pos);
    if (!context.explicit && !/[\w.]$/.test(text)) return null;
    const abort = new AbortController();
    context.addEventListener("abort", () => abort.abort());
    try {
      const body = { text, after: document.slice(context.pos, end < 0 ? undefined : end) };
      const { unfinished, words } = await api.post<Words>("/v1/completion", body, { signal: abort.signal });
      return {
        from: context.pos - unfinished.length,
        options: words.map(({ word, kind }) => ({
          label: word,
          type: kTypes[kind],
          detail: kind === "keyword" ? "" : kind,
          boost: kind === "keyword" ? -1 : 1,
          info: kind === "column" ? undefined : infoOf(word, statements()),
        })),
      };
    } catch {
      return null; // a list that does not come is no reason to stop typing
    }
  };
}
