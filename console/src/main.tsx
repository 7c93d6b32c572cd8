import { render } from "preact";
import { Shell } from "./frame/shell";
import "./styles/theme.css";
import "./styles/base.css";

render(<Shell />, document.getElementById("console")!);
