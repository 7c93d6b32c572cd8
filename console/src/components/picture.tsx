// A picture that the API gives. It is fetched with the token and shown as an image, in which no script runs.
import { useEffect, useState } from "preact/hooks";
import { fetchApi } from "../frame/api";
import { useData } from "../frame/use_data";
import { ErrorBox } from "./error_box";

// "shap_summary_step3.svg" → "shap summary step3"
export function pictureTitle(file: string): string {
  return file.replace(/\.svg$/, "").replaceAll("_", " ");
}

export function Picture({ path, title }: { path: string; title: string }) {
  const { data, error } = useData(async (signal) => (await fetchApi("GET", path, { signal })).blob(), [path]);
  const [url, setUrl] = useState("");
  useEffect(() => {
    if (!data) return;
    const made = URL.createObjectURL(data);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [data]);
  if (error) return <ErrorBox error={error} />;
  return (
    <figure class="picture">
      <figcaption class="small muted">{title}</figcaption>
      {url ? <img src={url} alt={title} /> : <p class="loading">Loading…</p>}
    </figure>
  );
}
