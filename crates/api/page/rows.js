// Elements, written only where they change, so that focus, selection and scrolling stay.

export const byId = (id) => document.getElementById(id);

/** A new element with a class and a text. */
export function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

export function setClass(target, className) {
  if (target.className !== className) target.className = className;
}

/** Makes `body` hold one row per item, in order, reusing the row of the same key. */
export function keep(body, items, keyOf, make, update) {
  const rows = new Map(Array.from(body.children, (row) => [row.dataset.key, row]));
  let next = body.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let row = rows.get(key);
    rows.delete(key);
    if (!row) {
      row = make(item);
      row.dataset.key = key;
    }
    if (row === next) next = next.nextElementSibling;
    else body.insertBefore(row, next);
    update(row, item);
  }
  for (const row of rows.values()) row.remove();
}

/** A row of cells with these classes. */
export function cells(...classNames) {
  const row = element("tr");
  for (const className of classNames) row.append(element("td", className));
  return row;
}

/** Lets a row be chosen by mouse and by keyboard. */
export function choosable(row, choose) {
  row.tabIndex = 0;
  row.addEventListener("click", choose);
  row.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      choose();
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      row.nextElementSibling?.focus();
    } else if (event.key === "ArrowUp") {
      event.preventDefault();
      row.previousElementSibling?.focus();
    }
  });
}
