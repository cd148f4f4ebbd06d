// The page begins here.

import { render } from "preact";

import { startLive } from "./engine/live";
import { look } from "./engine/session";
import { App } from "./shell/app";
import { startTheme } from "./shell/theme";
import { startTitle } from "./shell/title";

startTheme();
startTitle();
// Whoever cannot ask who they are sees the loss of the stream instead.
void look().catch(() => {}).finally(startLive);
const root = document.getElementById("page");
if (root) render(<App />, root);
