/* Sorting of tables, and the switch between light and dark; the page is whole without. */
"use strict";
(() => {
	const root = document.documentElement;
	const dark = matchMedia("(prefers-color-scheme: dark)");

	/* A page opened from disk may be refused a memory. */
	const remember = (theme) => { try { localStorage.setItem("alloc-perf-theme", theme); } catch { /* then not */ } };
	const remembered = () => { try { return localStorage.getItem("alloc-perf-theme"); } catch { return null; } };
	const isDark = () => (root.dataset.theme || (dark.matches ? "dark" : "light")) === "dark";

	function wireTheme(button) {
		const say = () => { button.textContent = isDark() ? "Light" : "Dark"; };
		button.hidden = false;
		button.addEventListener("click", () => {
			root.dataset.theme = isDark() ? "light" : "dark";
			remember(root.dataset.theme);
			say();
		});
		dark.addEventListener("change", say);
		say();
	}

	/* What is not known stands last in both directions. */
	function compare(one, other, direction) {
		if (one.known !== other.known)
			return one.known ? -1 : 1;
		if (typeof one.value === "number")
			return direction * (one.value - other.value);
		return direction * one.value.localeCompare(other.value, "en", { numeric: true });
	}

	function keyOf(row, column, isNumber) {
		const cell = row.cells[column];
		if (!isNumber)
			return { row, known: true, value: cell.textContent };
		return { row, known: "value" in cell.dataset, value: Number(cell.dataset.value || 0) };
	}

	function sort(table, head) {
		const ascending = head.getAttribute("aria-sort") !== "ascending";
		const isNumber = head.classList.contains("n");
		const keys = [...table.tBodies[0].rows].map((row) => keyOf(row, head.cellIndex, isNumber));
		keys.sort((one, other) => compare(one, other, ascending ? 1 : -1));
		table.tBodies[0].append(...keys.map((key) => key.row));
		for (const other of table.tHead.rows[0].cells)
			other.removeAttribute("aria-sort");
		head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
		document.getElementById("said").textContent =
			`Sorted by ${head.textContent}, ${ascending ? "ascending" : "descending"}.`;
	}

	const theme = remembered();
	if (theme === "light" || theme === "dark")
		root.dataset.theme = theme;
	addEventListener("DOMContentLoaded", () => {
		wireTheme(document.getElementById("theme"));
		for (const table of document.querySelectorAll("table.sortable"))
			for (const head of table.tHead.rows[0].cells)
				head.firstElementChild.addEventListener("click", () => sort(table, head));
	});
})();
