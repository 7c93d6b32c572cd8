// The editor: CodeMirror in a shadow root. There its styles are style sheets of their own (adoptedStyleSheets), which the content security
// policy allows; in the document they would be inline.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, isolateHistory } from "@codemirror/commands";
import { sql, SQLDialect } from "@codemirror/lang-sql";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { Compartment, EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { completionSource, type Vocabulary } from "./completion";
import { positionOf, type Problem } from "./program";

const look = EditorView.theme({
  "&": { height: "100%", color: "var(--ink)", backgroundColor: "var(--surface)", fontSize: "0.875rem" },
  "&.cm-focused": { outline: "none" }, // its frame shows the focus (sql.css)
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--ink)", padding: "8px 0" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { color: "var(--muted)", backgroundColor: "var(--surface)", borderRight: "1px solid var(--line)" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--raised) 55%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "var(--selection)",
  },
  ".cm-placeholder": { color: "var(--muted)" },
  ".cm-matchingBracket": { backgroundColor: "var(--quiet-soft)", outline: "1px solid var(--line-strong)" },
  ".cm-tooltip": {
    color: "var(--ink)",
    backgroundColor: "var(--surface)",
    border: "1px solid var(--line-strong)",
    borderRadius: "4px",
    boxShadow: "var(--shadow)",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "16em" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { color: "var(--on-accent)", backgroundColor: "var(--accent-fill)" },
  ".cm-tooltip-autocomplete ul li[aria-selected] .cm-completionDetail": { color: "var(--on-accent)" },
  ".cm-completionDetail": { color: "var(--muted)", fontStyle: "normal" },
  ".cm-completionInfo": { padding: "6px 10px", maxWidth: "26rem", fontFamily: "var(--font)" },
  ".cm-diagnostic": { fontFamily: "var(--font)", padding: "6px 10px", whiteSpace: "pre-wrap" },
  ".cm-diagnostic-error": { borderLeft: "4px solid var(--bad)" },
  ".cm-diagnostic-warning": { borderLeft: "4px solid var(--warn)" },
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--bad)",
    textDecorationSkipInk: "none",
    backgroundColor: "var(--bad-soft)",
  },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--warn)" },
});

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.typeName], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: [tags.comment, tags.lineComment, tags.blockComment], color: "var(--code-comment)", fontStyle: "italic" },
  { tag: tags.standard(tags.name), color: "var(--code-name)" },
]);

// Keywords that are more often names of columns.
const kNames = new Set("data day hour key minute month name percent position range row second source start target type year zone".split(" "));

function language({ statements, keywords }: Vocabulary) {
  const words = statements.filter((one) => !one.function).flatMap(({ name, synopsis }) => [
    ...name.split(" "),
    ...(synopsis.match(/\b[A-Z]{3,}\b/g) ?? []),
  ]);
  const literals = new Set(["true", "false", "null"]);
  const dialect = SQLDialect.define({
    keywords: [...keywords, ...words]
      .map((word) => word.toLowerCase())
      .filter((word) => !literals.has(word) && !kNames.has(word))
      .join(" "),
    builtin: statements.filter((one) => one.function).map(({ name }) => name.toLowerCase()).join(" "),
    doubleDollarQuotedStrings: true,
  });
  return sql({ dialect });
}

function diagnosticsOf(text: string, problems: Problem[]): Diagnostic[] {
  return problems
    .filter((problem) => problem.offset !== null && problem.offset !== undefined)
    .map((problem) => {
      const from = positionOf(text, problem.offset!);
      const to = Math.max(positionOf(text, problem.offset! + (problem.length ?? 0)), Math.min(from + 1, text.length));
      return {
        from,
        to,
        severity: problem.severity,
        message: problem.hint ? `${problem.message}\n${problem.hint}` : problem.message,
      };
    })
    .sort((a, b) => a.from - b.from);
}

// Where what is typed replaces coloured text, the browser would put it into an element with an inline style, which the policy forbids.
const replaceSelected = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { from, to, empty } = view.state.selection.main;
    const text = event.data;
    if (event.inputType !== "insertText" || empty || text === null || view.state.selection.ranges.length > 1) return false;
    event.preventDefault();
    const insert = () => view.state.update(view.state.replaceSelection(text), { userEvent: "input.type" });
    const handled = view.state.facet(EditorView.inputHandler).some((handler) => handler(view, from, to, text, insert));
    if (!handled) view.dispatch(insert());
    return true;
  },
});

export interface EditorHandle {
  text: () => string;
  // Undo brings back what was there.
  replace: (text: string) => void;
  insert: (text: string) => void;
  mark: (problems: Problem[]) => void;
  // Lines and columns count from 1, columns in characters.
  goTo: (line: number, column: number) => void;
  focus: () => void;
}

interface SqlEditorProps {
  initial: string;
  vocabulary: Vocabulary;
  onChange: (text: string) => void;
  onRun: () => void;
  onCheck: () => void;
  handle: { current: EditorHandle | null };
}

export function SqlEditor({ initial, vocabulary, onChange, onRun, onCheck, handle }: SqlEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const latest = useRef({ vocabulary, onChange, onRun, onCheck });
  latest.current = { vocabulary, onChange, onRun, onCheck };
  const languageSlot = useRef(new Compartment());
  const view = useRef<EditorView | null>(null);

  // Before the effects of the page that uses it.
  useLayoutEffect(() => {
    const root = host.current!.shadowRoot ?? host.current!.attachShadow({ mode: "open" });
    const run = () => (latest.current.onRun(), true);
    const check = () => (latest.current.onCheck(), true);
    const editor = new EditorView({
      parent: root,
      root,
      state: EditorState.create({
        doc: initial,
        extensions: [
          keymap.of([
            { key: "Mod-Enter", run },
            { key: "Shift-Mod-Enter", run: check },
          ]),
          lineNumbers(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          highlightActiveLine(),
          lintGutter(),
          autocompletion({ override: [completionSource(() => latest.current.vocabulary.statements)], icons: false }),
          keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap]),
          languageSlot.current.of(language(vocabulary)),
          syntaxHighlighting(colours),
          look,
          EditorView.lineWrapping,
          placeholder("SELECT 42 AS answer"),
          EditorView.contentAttributes.of({ "aria-label": "Program", spellcheck: "false" }),
          replaceSelected,
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    handle.current = {
      text: () => editor.state.doc.toString(),
      replace: (text) =>
        editor.dispatch({
          changes: { from: 0, to: editor.state.doc.length, insert: text },
          annotations: isolateHistory.of("full"), // one step of undo, apart from what was typed before
        }),
      insert: (text) => {
        editor.dispatch(editor.state.replaceSelection(text));
        editor.focus();
      },
      mark: (problems) => editor.dispatch(setDiagnostics(editor.state, diagnosticsOf(editor.state.doc.toString(), problems))),
      goTo: (line, column) => {
        const at = editor.state.doc.line(Math.min(line, editor.state.doc.lines));
        const before = [...at.text].slice(0, column - 1).join("").length;
        editor.dispatch({ selection: { anchor: at.from + before }, scrollIntoView: true });
        editor.focus();
      },
      focus: () => editor.focus(),
    };
    return () => editor.destroy();
  }, []);

  useEffect(() => {
    view.current?.dispatch({ effects: languageSlot.current.reconfigure(language(vocabulary)) });
  }, [vocabulary]);

  return <div class="sql-editor" ref={host} />;
}
