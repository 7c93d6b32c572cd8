// A value of a result as text. Values come as the server's JSON Lines have them: decimals and large whole numbers are text already.
import type { ResultColumn } from "./program";

export function isNumber(column: ResultColumn): boolean {
  return /^(u?int\d+|float|double|decimal)$/.test(column.type);
}

export function cellText(value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

// RFC 4180 as `--format csv`: an empty field is NULL, "" the empty text.
export function csvOf(columns: ResultColumn[], rows: unknown[][]): string {
  const quote = (text: string) => (/[",\r\n]/.test(text) || text === "" ? `"${text.replaceAll('"', '""')}"` : text);
  const field = (value: unknown) => (value === null || value === undefined ? "" : quote(cellText(value)));
  return [columns.map((column) => quote(column.name)), ...rows.map((row) => row.map(field))]
    .map((fields) => `${fields.join(",")}\n`)
    .join("");
}

// One array of objects, a row a line. Whole numbers that came as text are written as numbers again.
export function jsonOf(columns: ResultColumn[], rows: unknown[][]): string {
  const value = (cell: unknown, column: ResultColumn) =>
    typeof cell === "string" && /int/.test(column.type) && /^-?\d+$/.test(cell) ? cell : JSON.stringify(cell ?? null);
  const lines = rows.map(
    (row) => `{${columns.map((column, i) => `${JSON.stringify(column.name)}:${value(row[i], column)}`).join(",")}}`,
  );
  return `[${lines.join(",\n")}]\n`;
}

export function download(text: string, type: string, file: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = file;
  link.click();
  URL.revokeObjectURL(url);
}
