/*
 * Draws the page from the JSON that stands in it (doc/report.md).  Without this script, what
 * alloc-perf wrote into #page stays: the tables, and the pictures in words.
 */
"use strict";
(() => {
	const data = JSON.parse(document.getElementById("data").textContent);
	const measures = new Map(data.measures.map((measure) => [measure.name, measure]));
	const svgSpace = document.querySelector("svg").namespaceURI;

	/* What the reader chose to see. */
	const choice = { hidden: new Set(), order: "plan" };

	/* ---- elements: strings become text, never markup ---- */

	function fill(element, attributes, children) {
		for (const [name, value] of Object.entries(attributes))
			if (typeof value === "function")
				element.addEventListener(name, value);
			else if (value !== undefined && value !== false)
				element.setAttribute(name, value === true ? "" : value);
		element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
		return element;
	}

	const html = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
	const svg = (tag, attributes = {}, ...children) =>
		fill(document.createElementNS(svgSpace, tag), attributes, children);
	const note = (...text) => html("p", { class: "note" }, ...text);
	const section = (title, ...children) => html("section", {}, html("h3", {}, title), ...children);

	/* A table that scrolls inside of itself where it is wider than the screen. */
	const wide = (label, table) =>
		html("div", { class: "wide", role: "region", tabindex: 0, "aria-label": label }, table);

	/* ---- what is drawn when it comes near: a page of many conditions is to open at once ---- */

	const late = new Map();
	const drawLate = (element) => {
		late.get(element)();
		late.delete(element);
		element.classList.remove("late");
		observer.unobserve(element);
	};
	const observer = new IntersectionObserver((entries) => entries.filter(({ isIntersecting }) => isIntersecting)
		.forEach(({ target }) => drawLate(target)), { rootMargin: "1500px" });
	addEventListener("beforeprint", () => [...late.keys()].forEach(drawLate));

	/* Puts into the element what `make` returns, now or when it comes near. */
	function put(element, isLate, make) {
		const fillIn = () => fill(element, {}, [make()]);
		if (!isLate) {
			fillIn();
			return element;
		}
		element.classList.add("late");
		late.set(element, fillIn);
		observer.observe(element);
		return element;
	}

	/* ---- values ---- */

	const digits = (value) => (Number.isInteger(value) || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);

	function humanBytes(value) {
		let power = 0;
		for (; value >= 1023.5 && power < 6; power++)
			value /= 1024;
		return power ? `${value.toFixed(digits(value))}\u00a0${" KMGTPE"[power]}iB` : `${value.toFixed(0)}\u00a0B`;
	}

	function humanSeconds(value) {
		if (value <= 0)
			return "0";
		if (value < 1e-3)
			return `${Math.max(value * 1e6, 1).toFixed(0)}\u00a0us`;
		if (value < 1)
			return `${(value * 1e3).toFixed(digits(value * 1e3))}\u00a0ms`;
		return value < 120 ? `${value.toFixed(digits(value))}\u00a0s`
			: `${Math.floor(value / 60)} min ${Math.floor(value % 60)} s`;
	}

	const human = (value, unit) => unit === "seconds" ? humanSeconds(value) : unit === "bytes" ? humanBytes(value)
		: unit === "bytes per second" ? `${humanBytes(value)}/s`
		: unit === "ratio" ? value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)
		: Number.isInteger(value) ? String(value) : value.toFixed(1);

	/* Exact, for the round numbers that ticks are. */
	function tickText(value, unit) {
		if (unit !== "seconds" || value === 0)
			return human(value, unit);
		const [factor, name] = value >= 0.9995 ? [1, "s"] : value >= 0.9995e-3 ? [1e3, "ms"] : [1e6, "us"];
		return `${Number((value * factor).toPrecision(6))} ${name}`;
	}

	const plural = (count, what) => `${human(count, "count")} ${what}${count === 1 ? "" : "s"}`;

	/* "1.4", "23", "730": two digits. */
	const ratioText = (ratio) => ratio < 10 ? ratio.toFixed(1) : String(Number(ratio.toPrecision(2)));

	/* The least and the most, as one where they read the same. */
	function rangeText(values, unit) {
		const [low, high] = [human(Math.min(...values), unit), human(Math.max(...values), unit)];
		return low === high ? low : `${low} to ${high}`;
	}

	/* ---- cells ---- */

	for (const condition of data.conditions)
		condition.at = new Map(condition.cells.map((cell) => [`${cell.filesystem}\n${cell.method}`, cell]));

	const cellAt = (condition, filesystem, method) => condition.at.get(`${filesystem}\n${method}`);
	const medianOf = (cell, measure) => cell?.figures[measure]?.median;

	/* The measure that conditions are compared by. */
	const timeOf = (condition) => (condition.workload ? "life" : "time");

	/* Behind a value: " (one run)" where that is all it is made of. */
	function runsMark(cells, measure) {
		const counts = cells.flatMap((cell) => cell?.figures[measure]?.count ?? []);
		const [least, most] = [Math.min(...counts), Math.max(...counts)];
		return most === 1 ? " (one run)" : least === 1 ? ` (1 to ${most} runs)` : "";
	}

	/* What stands in the place of a value that is not there. */
	function wordFor(cell) {
		if (!cell)
			return "not measured";
		if (cell.ok_runs > 0)
			return "n/a";
		return cell.not_ok_status === "unsupported" ? "refused" : "failed";
	}

	/* What an error bar spans: the interval, or with few runs all of them; null: nothing. */
	function spreadOf(figure) {
		const [low, high] = figure.lower === null ? [figure.minimum, figure.maximum] : [figure.lower, figure.upper];
		return high > low ? [low, high] : null;
	}

	const bestTime = (conditions, filesystem) => Math.min(Infinity, ...conditions.flatMap((condition) =>
		condition.methods.map((method) => medianOf(cellAt(condition, filesystem, method), timeOf(condition)) ?? Infinity)));

	/*
	 * What one section shows: the file systems and methods that are not hidden, in the order asked
	 * for, and the conditions that stand next to one another.
	 */
	function viewOf(names, conditions, conditionNames) {
		const filesystems = names.filesystems.filter((name) => !choice.hidden.has(`filesystem ${name}`));
		if (choice.order === "name")
			filesystems.sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
		else if (choice.order === "time")
			filesystems.sort((one, other) => bestTime(conditions, one) - bestTime(conditions, other));
		const methods = names.methods.filter((name) => !choice.hidden.has(`method ${name}`));
		const runs = conditions.flatMap(({ cells }) => cells.map((cell) => cell.ok_runs)).filter((count) => count);
		return { filesystems, methods, conditions, conditionNames, isJoined: conditions.length > 1,
			fewestRuns: Math.min(...runs), mostRuns: Math.max(...runs) };
	}

	function* cellsOf(view) {
		for (const filesystem of view.filesystems)
			for (const method of view.methods)
				for (const condition of view.conditions)
					yield cellAt(condition, filesystem, method);
	}

	/* ---- axes ---- */

	const LOG_SPAN = 100;

	/* The least above 0 and the most of all that is shown, so that charts can be compared. */
	const extremes = new Map();
	function extremesOf(measure) {
		if (!extremes.has(measure))
			extremes.set(measure, findExtremes(measure));
		return extremes.get(measure);
	}

	function findExtremes(measure) {
		let smallest = Infinity, largest = -Infinity;
		for (const condition of data.conditions)
			for (const cell of cellsOf(viewOf(condition, [condition], [""]))) {
				const figure = cell?.figures[measure];
				if (!figure)
					continue;
				const [low, high] = spreadOf(figure) ?? [figure.median, figure.median];
				largest = Math.max(largest, high);
				if (figure.median > 0)
					smallest = Math.min(smallest, low > 0 ? low : figure.median);
			}
		return [smallest, largest];
	}

	function axisOf(measure, canBeLogarithmic) {
		const unit = measures.get(measure).unit, [smallest, largest] = extremesOf(measure);
		if (largest <= 0)
			return { unit, minimum: 0, maximum: 1 };
		if (canBeLogarithmic && largest / smallest > LOG_SPAN)
			return { unit, minimum: smallest / 2, maximum: largest * 1.5, isLogarithmic: true };
		return { unit, minimum: 0, maximum: largest * 1.08 };
	}

	const sequence = (from, to, step) =>
		Array.from({ length: Math.max(0, Math.floor((to - from) / step + 1e-9) + 1) }, (_, i) => from + i * step);

	function linearTicks(axis) {
		const rough = axis.maximum / 4;
		const decade = 10 ** Math.floor(Math.log10(rough));
		let step = rough <= 2 * decade ? 2 * decade : rough <= 5 * decade ? 5 * decade : 10 * decade;
		if (axis.unit.startsWith("bytes"))
			step = Math.max(2 ** Math.ceil(Math.log2(rough)), 1);
		if (axis.unit === "count")
			step = Math.max(step, 1);
		return { major: sequence(0, axis.maximum, step), minor: [] };
	}

	/* As coarse as leaves four labels: powers of the base, or some multiples of them. */
	function logarithmicTicks(axis) {
		const base = axis.unit.startsWith("bytes") ? 2 : 10;
		const log = (value) => Math.log(value) / Math.log(base);
		const first = Math.ceil(log(axis.minimum) - 1e-9), last = log(axis.maximum);
		const powers = (step) => sequence(first, last, step).map((power) => base ** power);
		const multiples = (factors) => sequence(first - 1, last, 1)
			.flatMap((power) => factors.map((factor) => factor * base ** power))
			.filter((value) => value >= axis.minimum && value <= axis.maximum);
		const candidates = base === 2 ? [20, 10, 5, 4, 3, 2, 1].map(powers)
			: [...[3, 2, 1].map(powers), multiples([1, 3]), multiples([1, 2, 5])];
		return {
			major: candidates.find((values) => values.length >= 4) ?? candidates.at(-1),
			minor: base === 2 ? powers(1) : multiples([1, 2, 3, 4, 5, 6, 7, 8, 9]),
		};
	}

	/* ---- bar charts: rows, so that they can be read on a telephone ---- */

	const WIDTH = 420, RIGHT = 76, TOP = 4, BOTTOM = 26, ROW = 18, GROUP_GAP = 10, LETTER = 7.5, LETTERS = 24;
	const ONE_RUN = "¹", COLOURS = 8, ONLY_COLOUR = 12, BARS_AT_ONCE = 1000, CONDITIONS_AT_ONCE = 4;

	const charts = [
		{ measure: "time", title: "Time until on disk", parts: ["allocate", "sync", "close", "unmount"], by: ", by stage" },
		{ measure: "fragments", title: "Fragments" },
		{ measure: "written", title: "Bytes written to the device" },
		{ measure: "cpu", title: "CPU time", parts: ["user", "system"] },
		{ measure: "gap", title: "Gaps between fragments" },
		{ measure: "memory", title: "Peak memory" },
	];

	const workloadCharts = [
		{ measure: "life", title: "From the empty file to the last byte on disk" },
		{ measure: "per-byte", title: "Bytes written to the device for each byte" },
		{ measure: "p50", title: "Median latency of a write" },
		{ measure: "p99", title: "Latency that 1 % of the writes exceed" },
		{ measure: "fragments", title: "Fragments" },
		{ measure: "read-rate", title: "Bytes read each second" },
	];

	const chartsFor = (view) => (view.conditions[0].workload ? workloadCharts : charts);

	const cut = (name) => (name.length > LETTERS ? `${name.slice(0, LETTERS)}…` : name);
	const colour = (number) => `var(--c${1 + number % COLOURS})`;

	function legend(names) {
		return html("ul", { class: "legend" },
			names.map((name, i) => html("li", {}, html("i", { style: `background:${colour(i)}` }), name)));
	}

	/* Of bars with parts: those of a typical run. */
	function barShapes(cell, figure, chart, view, series, at, y, height) {
		const rect = (from, to, fill) => svg("rect", { x: at(from), y, width: Math.max(at(to) - at(from), 0), height, fill });
		if (view.isJoined)
			return [rect(-Infinity, figure.median, colour(series))];
		if (!chart.parts)
			return [rect(-Infinity, figure.median, `var(--c${ONLY_COLOUR})`)];
		let sum = 0;
		return chart.parts.map((part, i) => {
			const from = sum;
			sum += Math.max(cell.parts[chart.measure][part] ?? 0, 0);
			return rect(from, sum, colour(i));
		});
	}

	function errorBar(low, high, middle) {
		return svg("path", { class: "error", d: `M${low},${middle}H${high}M${low},${middle - 3}v6M${high},${middle - 3}v6` });
	}

	/* Bar, error bar and value; or a word. */
	function drawBar(cell, chart, view, series, at, y, height) {
		const figure = cell?.figures[chart.measure], middle = y + height / 2;
		if (!figure)
			return [svg("text", { class: "word", x: at(-Infinity) + 5, y: middle }, wordFor(cell))];
		const spread = spreadOf(figure), end = at(spread ? spread[1] : figure.median);
		const mark = figure.count === 1 && view.mostRuns > 1 ? ONE_RUN : "";
		return [
			...barShapes(cell, figure, chart, view, series, at, y, height),
			spread && errorBar(at(spread[0]), end, middle),
			svg("text", { x: end + 5, y: middle }, human(figure.median, measures.get(chart.measure).unit) + mark),
		];
	}

	function drawGroup(filesystem, chart, view, at, left, top) {
		const shapes = [svg("text", { class: "name", x: 0, y: top + ROW / 2 }, cut(filesystem))];
		const step = view.isJoined ? 0.8 * ROW : ROW, gap = view.isJoined ? 0.4 * ROW : 0;
		let y = top + ROW;
		for (const method of view.methods) {
			const middle = y + view.conditions.length * step / 2;
			shapes.push(svg("text", { x: left - 8, y: middle, "text-anchor": "end" }, cut(method)));
			view.conditions.forEach((condition, i) => {
				shapes.push(...drawBar(cellAt(condition, filesystem, method), chart, view, i, at,
					y + 0.14 * step, 0.72 * step));
				y += step;
			});
			y += gap;
		}
		return [shapes, y];
	}

	function drawScale(axis, at, bottom) {
		const ticks = axis.isLogarithmic ? logarithmicTicks(axis) : linearTicks(axis);
		return [
			ticks.major.map((value) => svg("path", { class: "grid", d: `M${at(value)},${TOP}V${bottom}` })),
			ticks.minor.map((value) => svg("path", { class: "minor", d: `M${at(value)},${bottom}v4` })),
			ticks.major.map((value) => svg("text", { class: "tick", x: at(value), y: bottom + 14, "text-anchor": "middle" },
				tickText(value, axis.unit))),
		];
	}

	function drawBars(chart, view, axis) {
		const left = Math.min(LETTERS + 1, Math.max(...view.methods.map((name) => name.length))) * LETTER + 12;
		const scale = axis.isLogarithmic ? Math.log : (value) => value;
		const low = scale(axis.minimum), factor = (WIDTH - RIGHT - left) / (scale(axis.maximum) - low);
		const at = (value) => Number((left + Math.max(scale(Math.max(value, axis.minimum)) - low, 0) * factor).toFixed(2));
		const shapes = [];
		let y = TOP;
		for (const filesystem of view.filesystems) {
			if (y > TOP) {
				y += GROUP_GAP;
				shapes.push(svg("path", { class: "apart", d: `M0,${y - GROUP_GAP / 2}H${WIDTH}` }));
			}
			const [group, end] = drawGroup(filesystem, chart, view, at, left, y);
			shapes.push(...group);
			y = end;
		}
		const label = `Bar chart: ${measures.get(chart.measure).title} of each method on each file system`
			+ `${view.isJoined ? ", under each of the conditions" : ""}. The table of all figures holds the same values.`;
		return svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${Math.ceil(y) + BOTTOM}`, role: "img", "aria-label": label },
			...drawScale(axis, at, y).flat(), ...shapes.filter((shape) => shape));
	}

	/* A sentence in the place of a chart whose bars would all be the same; null: draw it. */
	function sentenceFor(chart, figures) {
		const unit = measures.get(chart.measure).unit, value = figures[0].median;
		const isEqual = figures.every((figure) => figure.minimum === value && figure.maximum === value);
		if (!isEqual || (chart.parts && value > 0))
			return null;
		return `${chart.title}: ${human(value, unit)} in every trial.`;
	}

	function drawChart(chart, view) {
		const axis = axisOf(chart.measure, view.isJoined || !chart.parts);
		const caption = [html("h4", {}, chart.title + (view.isJoined ? "" : chart.by ?? ""),
			axis.isLogarithmic ? html("small", {}, " (logarithmic)") : null),
		html("p", {}, measures.get(chart.measure).note)];
		const bars = view.filesystems.length * view.methods.length * view.conditions.length;
		return put(html("figure"), bars > BARS_AT_ONCE, () => [html("figcaption", {}, caption),
			view.isJoined ? legend(view.conditionNames) : chart.parts ? legend(chart.parts) : null,
			drawBars(chart, view, axis)]);
	}

	/* What a value stands for. */
	function runsNote({ fewestRuns, mostRuns }, hasSpread) {
		return [
			hasSpread ? note("Error bars show the 95\u00a0% confidence interval of the median; with fewer than 6 runs, the minimum"
				+ " and the maximum.") : null,
			mostRuns === 1 ? note("Each value is from one run.")
				: fewestRuns === 1 ? note(`A value with ${ONE_RUN} is from one run.`) : null,
		];
	}

	/* Where the same is above side by side, only the parts of bars are left to show. */
	function chartsOf(view, isBelowComparison) {
		const drawn = [], sentences = [];
		let hasSpread = false;
		for (const chart of chartsFor(view)) {
			const figures = [...cellsOf(view)].map((cell) => cell?.figures[chart.measure]).filter((figure) => figure);
			if (figures.length === 0 || (isBelowComparison && !chart.parts))
				continue;
			hasSpread ||= figures.some((figure) => spreadOf(figure));
			const sentence = sentenceFor(chart, figures);
			if (sentence)
				sentences.push(html("li", {}, sentence));
			else
				drawn.push(drawChart(chart, view));
		}
		if (drawn.length + sentences.length === 0)
			return null;
		return section("Charts",
			isBelowComparison ? note("The parts of the bars above. The other charts are above, side by side.") : null,
			runsNote(view, hasSpread),
			html("div", { class: "charts" }, drawn),
			sentences.length ? html("ul", { class: "note" }, sentences) : null);
	}

	/* ---- curves: where methods are values of one parameter, it has an axis ---- */

	const CURVE_HEIGHT = 250, CURVE_LEFT = 64, CURVE_RIGHT = 12, CURVE_BOTTOM = 40, LABEL_ROOM = 44;

	/* A line for each file system and curve, and a level one for each method without the parameter. */
	function linesOf(view, { curves, others }, measure) {
		const figureOf = (filesystem, method) => cellAt(view.conditions[0], filesystem, method)?.figures[measure];
		const isShown = (method) => view.methods.includes(method);
		return view.filesystems.flatMap((filesystem, row) => [
			...curves.map(({ name, points }, i) => ({
				name: curves.length > 1 ? `${filesystem}, ${name}` : filesystem,
				colour: colour(row * curves.length + i),
				points: points.filter(({ method }) => isShown(method))
					.map(({ value, text, method }) => ({ value, text, figure: figureOf(filesystem, method) })),
			})),
			...others.filter(isShown).map((method, i) => ({
				name: `${filesystem}, ${method}`, colour: colour(row * curves.length), dash: `${8 - 2 * (i % 3)} 4`,
				points: [{ figure: figureOf(filesystem, method) }],
			})),
		]).map((line) => ({ ...line, points: line.points.filter(({ figure }) => figure) })).filter(({ points }) => points.length);
	}

	function drawLine({ name, colour: stroke, dash, points }, unit, across, up) {
		if (dash) {
			const y = up(points[0].figure.median);
			return [svg("path", { class: "curve", d: `M${CURVE_LEFT},${y}H${WIDTH - CURVE_RIGHT}`, style: `stroke:${stroke}`,
				"stroke-dasharray": dash }, svg("title", {}, `${name}: ${human(points[0].figure.median, unit)}`))];
		}
		const at = ({ value, figure }) => [across(value), up(figure.median)];
		return [
			svg("path", { class: "curve", d: `M${points.map((point) => at(point).join()).join("L")}`, style: `stroke:${stroke}` }),
			...points.map((point) => {
				const [x, y] = at(point), spread = spreadOf(point.figure);
				return [
					spread && svg("path", { class: "curve", style: `stroke:${stroke}`,
						d: `M${x},${up(spread[0])}V${up(spread[1])}` }),
					svg("circle", { cx: x, cy: y, r: 3.5, fill: stroke },
						svg("title", {}, `${name}, ${point.text}: ${human(point.figure.median, unit)}`)),
				];
			}),
		];
	}

	/* Of values too close to one another some have a label. */
	function drawValues(sweep, across, bottom) {
		const values = new Map(sweep.curves.flatMap(({ points }) => points.map(({ value, text }) => [value, text])));
		let last = -Infinity;
		return [...values].sort(([one], [other]) => one - other).map(([value, text]) => {
			const x = across(value), isLabelled = x - last >= LABEL_ROOM;
			last = isLabelled ? x : last;
			return [svg("path", { class: "minor", d: `M${x},${bottom}v4` }),
				isLabelled && svg("text", { class: "tick", x, y: bottom + 14, "text-anchor": "middle" }, text)];
		});
	}

	function drawCurves(lines, sweep, chart, axis) {
		const bottom = CURVE_HEIGHT - CURVE_BOTTOM, values = sweep.curves.flatMap(({ points }) => points.map(({ value }) => value));
		const [first, last] = [Math.log(Math.min(...values) / 1.25), Math.log(Math.max(...values) * 1.25)];
		const across = (value) => Number((CURVE_LEFT + (WIDTH - CURVE_RIGHT - CURVE_LEFT)
			* (Math.log(value) - first) / (last - first)).toFixed(2));
		const scale = axis.isLogarithmic ? Math.log : (value) => value, low = scale(axis.minimum);
		const up = (value) => Number((bottom - (bottom - TOP)
			* Math.max(scale(Math.max(value, axis.minimum)) - low, 0) / (scale(axis.maximum) - low)).toFixed(2));
		const ticks = axis.isLogarithmic ? logarithmicTicks(axis) : linearTicks(axis);
		const names = sweep.curves.map(({ name }) => name).join(", ");
		return svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${CURVE_HEIGHT}`, role: "img",
			"aria-label": `Curves: ${measures.get(chart.measure).title} by ${names}, a line for each file system.`
				+ " The table of all figures holds the same values." },
		...[ticks.major.map((value) => [
			svg("path", { class: "grid", d: `M${CURVE_LEFT},${up(value)}H${WIDTH - CURVE_RIGHT}` }),
			svg("text", { class: "tick", x: CURVE_LEFT - 6, y: up(value), "text-anchor": "end" }, tickText(value, axis.unit))]),
		ticks.minor.map((value) => svg("path", { class: "minor", d: `M${CURVE_LEFT},${up(value)}h-4` })),
		drawValues(sweep, across, bottom),
		svg("text", { class: "tick", x: (CURVE_LEFT + WIDTH) / 2, y: bottom + 31, "text-anchor": "middle" },
			sweep.curves.length === 1 ? names : names.includes("DEPTH") ? "DEPTH" : "SIZE"),
		lines.map((line) => drawLine(line, axis.unit, across, up))].flat(Infinity).filter((shape) => shape));
	}

	function curveLegend(lines) {
		return html("ul", { class: "legend" }, lines.map(({ name, colour: stroke, dash }) => html("li", {},
			svg("svg", { width: 18, height: 12, "aria-hidden": "true" },
				svg("path", { d: "M0,6h18", style: `stroke:${stroke};stroke-width:2`, "stroke-dasharray": dash })), name)));
	}

	function curveFigure(chart, view, sweep) {
		const lines = linesOf(view, sweep, chart.measure);
		const figures = lines.flatMap(({ points }) => points.map(({ figure }) => figure));
		if (figures.length === 0 || sentenceFor({ ...chart, parts: undefined }, figures))
			return null;
		const axis = axisOf(chart.measure, true);
		return html("figure", {}, html("figcaption", {}, html("h4", {}, chart.title,
			axis.isLogarithmic ? html("small", {}, " (logarithmic)") : null), html("p", {}, measures.get(chart.measure).note)),
		curveLegend(lines), drawCurves(lines, sweep, chart, axis));
	}

	function curvesOf(view) {
		const { sweep } = view.conditions[0];
		const drawn = sweep ? chartsFor(view).map((chart) => curveFigure(chart, view, sweep)).filter((figure) => figure) : [];
		return drawn.length ? section(`By ${sweep.curves.map(({ name }) => name).join(", ")}`,
			runsNote(view, [...cellsOf(view)].some((cell) => Object.values(cell?.figures ?? {}).some(spreadOf))),
			html("div", { class: "charts" }, drawn)) : null;
	}

	/* ---- where the files are: percentages, so that one picture serves every screen ---- */

	const FINEST = 1 / 4000; /* of a strip; no screen has so many pixels across */
	const STRIP = 7, WEDGE = 9, ZOOM = 20, MARK = 5, ZOOM_Y = STRIP + WEDGE, MARK_Y = ZOOM_Y + ZOOM + 1;
	const percent = (part) => `${Number((100 * part).toPrecision(4))}%`;

	/* The runs between two addresses; shaded by their order in the file where that is known. */
	function strip(runs, low, high, y, height, fileBytes) {
		const stretches = [];
		for (const [logical, physical, bytes, unwritten] of runs) {
			const from = (physical - low) / (high - low), to = from + bytes / (high - low);
			const shade = fileBytes ? 1 - 0.65 * Math.min(logical / fileBytes, 1) : 1;
			const last = stretches.at(-1);
			if (last && from - last.to < FINEST && unwritten === last.unwritten && Math.abs(shade - last.shade) < 0.02)
				last.to = Math.max(last.to, to);
			else
				stretches.push({ from, to, unwritten, shade });
		}
		return stretches.map(({ from, to, unwritten, shade }) => svg("rect", {
			class: unwritten ? "u" : "w", x: percent(from), y, width: percent(Math.max(to - from, FINEST)), height,
			opacity: shade < 0.995 ? shade.toFixed(2) : undefined,
		}));
	}

	/* Where fragments start. */
	function marks(runs, low, high) {
		const starts = runs.filter(([, physical], i) => i === 0 || runs[i - 1][1] + runs[i - 1][2] !== physical)
			.map(([, physical]) => (physical - low) / (high - low)).sort((one, other) => one - other);
		const kept = [];
		for (const start of starts)
			if (kept.length === 0 || start - kept.at(-1) >= 4 * FINEST)
				kept.push(start);
		return kept.map((start) => svg("rect", { class: "m", x: percent(start), y: MARK_Y, width: 1, height: MARK }));
	}

	/* The whole volume in a thin strip, and below it the part that the file spans. */
	function wholeVolume(runs, low, high, volumeBytes) {
		const left = 1000 * low / volumeBytes, right = Math.max(1000 * high / volumeBytes, left + 1);
		return [
			svg("rect", { class: "v", y: 0, width: "100%", height: STRIP, rx: 2 }),
			...strip(runs, 0, volumeBytes, 0, STRIP),
			svg("svg", { y: STRIP, width: "100%", height: WEDGE, viewBox: "0 0 1000 1", preserveAspectRatio: "none" },
				svg("polygon", { class: "z", points: `${left},0 ${right},0 1000,1 0,1` })),
		];
	}

	function layoutPicture(cell) {
		const { runs, words, volume_bytes: volumeBytes, file_bytes: fileBytes } = cell.layout;
		const byAddress = [...runs].sort((one, other) => one[1] - other[1]);
		const low = byAddress[0][1], high = byAddress.reduce((most, run) => Math.max(most, run[1] + run[2]), 0);
		return svg("svg", { class: "layout", role: "img", height: MARK_Y + MARK, "aria-label": `${cell.method}: ${words}` },
			volumeBytes >= high ? wholeVolume(byAddress, low, high, volumeBytes) : [],
			svg("rect", { class: "v", y: ZOOM_Y, width: "100%", height: ZOOM }),
			strip(byAddress, low, high, ZOOM_Y, ZOOM, fileBytes), marks(runs, low, high));
	}

	function layoutFigure(cell) {
		const run = cell.layout.run === null ? "" : `run ${cell.layout.run}: `;
		return html("figure", {},
			html("figcaption", {}, html("b", {}, cell.method), " ", html("span", {}, run + cell.layout.words)),
			layoutPicture(cell));
	}

	function layoutLegend() {
		const sample = (text, ...shapes) => html("li", {},
			svg("svg", { width: 18, height: 12, "aria-hidden": "true" }, ...shapes), text);
		return html("ul", { class: "legend" },
			sample("written", svg("rect", { class: "w", width: 18, height: 12 })),
			sample("unwritten: allocated, to be converted by the first write", svg("rect", { class: "u", width: 18, height: 12 })),
			sample("start of the file, end of the file", svg("rect", { class: "w", width: 9, height: 12 }),
				svg("rect", { class: "w", x: 9, width: 9, height: 12, opacity: 0.35 })),
			sample("start of a fragment", svg("rect", { class: "m", x: 8, y: 3, width: 1, height: 6 })));
	}

	function layoutsOf(view) {
		const volumes = view.filesystems.map((filesystem) => {
			const cells = view.methods.map((method) => cellAt(view.conditions[0], filesystem, method))
				.filter((cell) => cell?.layout);
			return cells.length ? html("section", { class: "volume" }, html("h4", {}, filesystem), cells.map(layoutFigure)) : null;
		}).filter((volume) => volume);
		if (volumes.length === 0)
			return section("Where the files are", note("No trial reports where its file is."));
		return section("Where the files are",
			note("To scale. Top: the whole volume, if its size is known. Bottom: the part between the first and the last"
				+ " address of the file."),
			layoutLegend(), html("div", { class: "volumes" }, volumes));
	}

	/* ---- all figures, in a table that can be sorted ---- */

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

	function sort(head) {
		const table = head.closest("table");
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

	function sortable(title, meaning, isNumber) {
		return html("th", { scope: "col", class: isNumber ? "n" : undefined },
			html("button", { type: "button", title: meaning, click: (event) => sort(event.target.closest("th")) }, title));
	}

	/* Reasons that cells refer to, each once. */
	class Notes {
		constructor(number) {
			this.number = number;
			this.texts = [];
		}

		reference(text) {
			if (!text)
				return null;
			if (!this.texts.includes(text))
				this.texts.push(text);
			const id = this.texts.indexOf(text) + 1;
			return html("sup", {}, html("a", { href: `#note-${this.number}-${id}` }, String(id)));
		}

		list() {
			if (this.texts.length === 0)
				return [];
			return [html("h4", {}, "Notes"), html("ol", { class: "notes" },
				this.texts.map((text, i) => html("li", { id: `note-${this.number}-${i + 1}` }, text)))];
		}
	}

	function figureCell(cell, measure) {
		const figure = cell?.figures[measure];
		return figure ? html("td", { class: "n", "data-value": figure.median }, figure.text)
			: html("td", { class: "n" }, cell?.ok_runs > 0 ? "n/a" : "-");
	}

	function figureRow(cell, filesystem, method, notes) {
		return html("tr", {}, html("th", { scope: "row" }, filesystem),
			html("td", {}, method, notes.reference(cell ? cell.note : "not measured")),
			data.columns.map((name) => figureCell(cell, name)),
			html("td", {}, cell?.way ?? "-", notes.reference(cell?.way_note)));
	}

	const WAYS = "native: the kernel allocated; written: by the method's own writes; emulated: by writes of the C library;"
		+ " sparse: nothing is reserved";

	function figuresOf(view, number) {
		const notes = new Notes(number), columns = data.columns.map((name) => measures.get(name));
		const rows = view.filesystems.flatMap((filesystem) => view.methods.map((method) =>
			figureRow(cellAt(view.conditions[0], filesystem, method), filesystem, method, notes)));
		const head = html("tr", {}, sortable("file system", "its name in the catalogue"),
			sortable("method", "how the file was allocated"),
			columns.map((column) => sortable(column.title, column.note, true)), sortable("way", "how the space was really allocated"));
		return section("All figures",
			note("The heading of a column sorts by it; pressed again, it reverses the order."),
			wide("All figures", html("table", { class: "sortable" }, html("thead", {}, head), html("tbody", {}, rows))),
			html("details", {}, html("summary", {}, "What the columns mean"), html("dl", { class: "facts" },
				columns.map((column) => [html("dt", {}, column.title), html("dd", {}, column.note)]),
				html("dt", {}, "way"), html("dd", {}, WAYS))),
			notes.list());
	}

	/* ---- what a reader compares first, side by side ---- */

	/* The noise of bytes seldom matters; of counts that vary, the text is a range; that a row is of one run, it says once. */
	const combinedText = (figure, unit, isFirst) =>
		unit === "bytes" || (figure.count === 1 && !isFirst) ? human(figure.median, unit) : figure.text;

	function combinedCell(cell, { name, unit }, isFirst, notes) {
		const figure = cell.figures[name], mark = isFirst && cell.ok_runs === 1 ? " (one run)" : "";
		const text = figure ? combinedText(figure, unit, isFirst) : isFirst || cell.ok_runs > 0 ? wordFor(cell) + mark : "-";
		return html("td", { class: "n" }, text, isFirst ? notes.reference(cell.note) : null);
	}

	function combinedOf(view, number) {
		const notes = new Notes(`combined-${number}`), columns = view.conditions[0].combined.map((name) => measures.get(name));
		const rowsOf = (filesystem) => view.methods.map((method) => cellAt(view.conditions[0], filesystem, method))
			.filter((cell) => cell).map((cell, i) => html("tr", { class: i === 0 ? "first" : undefined },
				html("th", { scope: "row" }, filesystem), html("td", {}, cell.method),
				columns.map((measure, column) => combinedCell(cell, measure, column === 0, notes))));
		const head = (title, isNumber) => html("th", { scope: "col", class: isNumber ? "n" : undefined }, title);
		return section("Results", wide("Results", html("table", { class: "combined" },
			html("thead", {}, html("tr", {}, head("file system"), head("method"), columns.map(({ title }) => head(title, true)))),
			html("tbody", {}, view.filesystems.flatMap(rowsOf)))), notes.list());
	}

	/* ---- in short ---- */

	/* The best of a file system: what they take and leave. */
	function bestFigures(cells) {
		const known = (measure) => cells.map((cell) => medianOf(cell, measure)).filter((value) => value !== undefined);
		const time = cells.length === 1 ? cells[0].figures.time.text : rangeText(known("time"), "seconds") + runsMark(cells, "time");
		const fragments = known("fragments"), written = known("written");
		return html("p", { class: "figures" }, html("b", {}, time),
			fragments.length ? ` · ${rangeText(fragments, "count")} fragment${Math.max(...fragments) === 1 ? "" : "s"}` : null,
			written.length ? ` · ${rangeText(written, "bytes")} written` : null);
	}

	/* How the slowest compares, in what it is worse. */
	function slowestFigures(slowest, best, ratio) {
		const time = medianOf(slowest, "time"), bestSeconds = medianOf(best, "time");
		const written = medianOf(slowest, "written"), fragments = medianOf(slowest, "fragments");
		const more = (value, than) => value !== undefined && value > than * 1.05;
		const oneRun = runsMark([slowest], "time");
		return [
			html("p", { class: "bar", "aria-hidden": "true" },
				html("i", { style: `width:${Math.max(100 * bestSeconds / time, 0.4)}%` }), html("i")),
			html("p", {}, "Slowest: ", html("b", {}, slowest.method), " takes ",
				html("b", {}, bestSeconds > 0 ? `${ratioText(ratio ?? time / bestSeconds)} ×` : humanSeconds(time)),
				bestSeconds > 0 ? ` as long (${humanSeconds(time)})` : null,
				more(written, medianOf(best, "written")) ? `, writes ${humanBytes(written)}` : null,
				fragments > medianOf(best, "fragments") ? `, leaves ${plural(fragments, "fragment")}` : null, `${oneRun}.`),
		];
	}

	function mostFragments(cells, best, slowest) {
		const fragments = (cell) => medianOf(cell, "fragments") ?? -1;
		const most = cells.reduce((one, other) => (fragments(other) > fragments(one) ? other : one));
		if (fragments(most) <= Math.max(fragments(best), fragments(slowest)))
			return null;
		return html("p", {}, "Most fragments: ", html("b", {}, most.method),
			`, ${plural(fragments(most), "fragment")}${runsMark([most], "fragments")}.`);
	}

	const isTested = ({ verdict }) => verdict === "tested" || verdict === "equal";

	function card(condition, summary) {
		const cells = (names) => names.map((name) => cellAt(condition, summary.filesystem, name));
		const best = cells(summary.best), slower = cells(summary.slower), title = html("h4", {}, summary.filesystem);
		if (best.length === 0)
			return html("article", {}, title, html("p", {}, "No method reserved the space and has a time; see the notes."));
		const slowest = slower.at(-1) ?? best.at(-1);
		const inGroup = best.length > 1;
		return html("article", {}, title,
			html("p", { class: inGroup ? "best group" : "best" }, summary.best.join(", "), inGroup ? html("small", {},
				isTested(summary) ? "no test tells them apart" : "too few runs to distinguish them") : null),
			bestFigures(best),
			slower.length ? slowestFigures(slowest, best[0], summary.over_slowest?.ratio)
				: html("p", {}, summary.verdict === "untold" ? `A test needs ${plural(summary.runs_needed, "run")} of each.`
					: inGroup ? "All methods take about as long." : "The only method that reserved the space here."),
			mostFragments([...best, ...slower], best[0], slowest));
	}

	function excludedText(excluded) {
		const reasons = [...new Set(excluded.map(({ reason }) => reason))];
		return reasons.map((reason) => {
			const names = excluded.filter((one) => one.reason === reason).map(({ method }) => method);
			return `Not compared: ${names.join(", ")} (${reason}). `;
		}).join("");
	}

	function summaryOf(view) {
		const condition = view.conditions[0], summary = condition.summary;
		if (condition.workload)
			return section("In short", html("ul", {}, summary.text.map((line) => html("li", {}, line))));
		const shown = view.filesystems.map((name) => summary.filesystems.find(({ filesystem }) => filesystem === name));
				return section("In short", html("div", { class: "cards" }, shown.map((one) => card(condition, one))),
			note(excludedText(summary.excluded),
				"The best methods take the least time until the file is on the disk. Methods that no test can tell from the"
				+ " fastest count as equal.",
				shown.every(isTested) ? null : " There are too few runs for a test, so only a factor of two or more counts as a difference;"
					+ " run --runs auto repeats the trials."));
	}

	/* ---- conditions and what falsified the runs ---- */

	/* Of several conditions each text once, with the names of those that it is about. */
	function textsOf(view, textsOfCondition) {
		const whose = new Map();
		view.conditions.forEach((condition, i) => textsOfCondition(condition).forEach((text) =>
			whose.set(text, [...whose.get(text) ?? [], view.conditionNames[i]])));
		return [...whose].map(([text, names]) => ({ text, names: names.length < view.conditions.length ? names.join(", ") : "" }));
	}

	function warningsOf(view) {
		const notes = textsOf(view, (condition) => (condition.testbed_note ? [condition.testbed_note] : []));
		const warnings = textsOf(view, (condition) => condition.warnings.map(({ text }) => text));
		const body = ({ text, names }) => [names ? html("b", {}, `${names}: `) : null, text];
		const box = warnings.length < 2
			? warnings.map((warning) => html("p", { class: "warning" }, html("b", {}, "Warning: "), body(warning)))
			: html("details", { class: "warning", open: warnings.length <= 3 },
				html("summary", {}, html("b", {}, `${warnings.length} warnings`)),
				html("ul", {}, warnings.map((warning) => html("li", {}, body(warning)))));
		const testbeds = new Set(view.conditions.map(({ testbed }) => testbed));
		return [notes.map(({ text }) => html("p", { class: "warning" }, text)), box,
			testbeds.size > 1 ? html("p", { class: "warning" }, "Times of different testbeds do not compare.") : null].flat();
	}

	/* ---- side by side ---- */

	function bestOfEach(view) {
		const bestUnder = (condition, name) => {
			const best = condition.summary.filesystems.find(({ filesystem }) => filesystem === name)?.best ?? [];
			return best.length ? `${best.join(", ")}, ${cellAt(condition, name, best[0]).figures[timeOf(condition)].text}` : "-";
		};
		return section("Best method", wide("Best methods", html("table", {},
			html("thead", {}, html("tr", {}, html("th", { scope: "col" }, "file system"),
				view.conditionNames.map((name) => html("th", { scope: "col" }, name)))),
			html("tbody", {}, view.filesystems.map((name) => html("tr", {}, html("th", { scope: "row" }, name),
				view.conditions.map((condition) => html("td", {}, bestUnder(condition, name)))))))));
	}

	/* The verdict comes early: on a telephone the columns behind it are out of sight. */
	function differenceRow(found) {
		const cell = (text) => html("td", { class: "n" }, text);
		const isBroken = found.verdict === "worse";
		return html("tr", {},
			html("th", { scope: "row" }, `${found.filesystem} ${found.method}`, html("br"), html("small", {}, found.title ?? "can be made")),
			html("td", { class: `n ${found.verdict}` }, `${found.change_text ?? ""} ${found.verdict}`),
			found.measure ? [cell(found.old.text), cell(found.new.text), cell(found.p_text)]
				: [cell(isBroken ? "yes" : "no"), cell(isBroken ? "no" : "yes"), cell("")]);
	}

	function differencesOf(group) {
		const found = ["worse", "better"].flatMap((verdict) =>
			group.comparison.comparisons.filter((comparison) => comparison.verdict === verdict));
		return section("Differences larger than the noise",
			html("p", {}, "From ", html("b", {}, group.names[0]), " to ", html("b", {}, group.names[1]),
				", by the test of ", html("code", {}, "alloc-perf diff"), ":"),
			found.length ? wide("Differences", html("table", {}, html("thead", {}, html("tr", {},
				html("th", { scope: "col" }, "what"), ["change", ...group.names, "p"].map((name) =>
					html("th", { scope: "col", class: "n" }, name)))),
			html("tbody", {}, found.map(differenceRow)))) : null,
			html("ul", { class: "note" }, group.comparison.basis.split("\n").filter((line) => line)
				.map((line) => html("li", {}, line))));
	}

	function conditionLegend(view) {
		return html("ul", { class: "legend" }, view.conditions.map((condition, i) => html("li", {},
			html("i", { style: `background:${colour(i)}` }), html("b", {}, view.conditionNames[i]), " ",
			html("small", {}, condition.about))));
	}

	function groupSection(group, number) {
		const view = viewOf(group, group.members.map((member) => data.conditions[member]), group.names);
		return html("section", { id: `beside-${number}`, class: "grid" }, html("h2", {}, `Side by side: ${group.title}`),
			conditionLegend(view), warningsOf(view), bestOfEach(view), group.comparison ? differencesOf(group) : null,
			chartsOf(view, false));
	}

	/* ---- the page ---- */

	const promises = [...document.querySelectorAll("section.promises")];
	const historic = data.conditions.map((_, i) => document.getElementById(`historic-${i}`));

	function phasesOf(view) {
		const cells = view.conditions[0].cells.filter(({ phases }) => phases.length > 0);
		if (cells.length === 0)
			return null;
		const names = Object.keys(cells[0].phases[0].figures);
		const unitOf = (name) => name === "device" ? "bytes" : name === "fragments" ? "count" : "seconds";
		const figureCell = (name, { median, count }) => html("td", { class: "n" },
			median === null ? "-" : human(median, unitOf(name)) + (count === 1 && view.mostRuns > 1 ? ONE_RUN : ""));
		const head = (title, isNumber) => html("th", { scope: "col", class: isNumber ? "n" : undefined }, title);
		const rowsOf = (cell) => cell.phases.map(({ phase, figures }, i) => html("tr", { class: i === 0 ? "first" : undefined },
			html("th", { scope: "row" }, cell.filesystem), html("td", {}, cell.method), html("td", {}, phase),
			names.map((name) => figureCell(name, figures[name]))));
		return section("Phases", runsNote(view, false), wide("Phases", html("table", { class: "combined" },
			html("thead", {}, html("tr", {}, head("file system"), head("method"), head("phase"), names.map((name) => head(name, true)))),
			html("tbody", {}, cells.flatMap(rowsOf)))));
	}

	function conditionSection(condition, number) {
		const view = viewOf(condition, [condition], [""]);
		const isBelow = data.groups.some((group) => group.members.includes(number));
		const element = html("section", { id: `grid-${number}`, class: "grid" }, html("h2", {}, condition.title),
			html("p", { class: "conditions" }, condition.about));
		return put(element, number >= CONDITIONS_AT_ONCE, () => [warningsOf(view), summaryOf(view), combinedOf(view, number), curvesOf(view),
			phasesOf(view), chartsOf(view, isBelow), layoutsOf(view), figuresOf(view, number), historic[number]]);
	}

	function contents() {
		if (data.conditions.length < 2)
			return [];
		return [html("nav", { "aria-label": "Conditions" }, html("ul", {},
			data.groups.map((group, i) => html("li", {}, html("a", { href: `#beside-${i}` }, `Side by side: ${group.title}`))),
			data.conditions.map((condition, i) => html("li", {},
				html("a", { href: `#grid-${i}` }, `${condition.title}; ${condition.about}`)))))];
	}

	function origin() {
		const pre = (label, text) => html("pre", { tabindex: 0, "aria-label": label }, html("code", {}, text));
		return [
			html("section", {}, html("h2", {}, "How to reproduce it"), data.environments.flatMap(({ command, plan }) => [
				command ? pre("Command", command) : html("p", {}, "The result file does not hold its command."),
				plan ? html("details", {}, html("summary", {}, "The plan behind it, for run --plan"), pre("Plan", plan)) : null,
			])),
			html("section", {}, html("h2", {}, "Environment"), data.environments.map(({ facts }) => html("dl", { class: "facts" },
				facts.map(({ name, meaning, text }) => [html("dt", { title: meaning }, name), html("dd", {}, text)])))),
		];
	}

	function draw() {
		extremes.clear();
		[...late.keys()].forEach((element) => observer.unobserve(element));
		late.clear();
		document.getElementById("page").replaceChildren(...contents(), ...data.groups.map(groupSection),
			...data.conditions.map(conditionSection), ...promises, ...origin());
	}

	/* ---- what to show, and in which order ---- */

	const allOf = (what) => [...new Set(data.conditions.flatMap((condition) => condition[what]))];

	function boxes(title, kind, names) {
		if (names.length < 2)
			return null;
		return html("fieldset", {}, html("legend", {}, title), names.map((name) => html("label", {},
			html("input", {
				type: "checkbox", checked: true, change: (event) => {
					choice.hidden[event.target.checked ? "delete" : "add"](`${kind} ${name}`);
					draw();
				},
			}), ` ${name}`)));
	}

	function orders() {
		const choices = { plan: "as measured", name: "by name", time: "fastest first" };
		return html("fieldset", {}, html("legend", {}, "Order of file systems"), html("select", {
			"aria-label": "Order of file systems", change: (event) => {
				choice.order = event.target.value;
				draw();
			},
		}, Object.entries(choices).map(([value, text]) => html("option", { value }, text))));
	}

	function drawChoice() {
		const filesystems = allOf("filesystems"), methods = allOf("methods");
		if (filesystems.length < 2 && methods.length < 2)
			return;
		document.getElementById("choice").append(html("details", {}, html("summary", {}, "What to show"),
			...[boxes("File systems", "filesystem", filesystems), boxes("Methods", "method", methods),
				filesystems.length > 1 ? orders() : null].filter((part) => part)));
	}

	/* ---- light and dark ---- */

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

	const theme = remembered();
	if (theme === "light" || theme === "dark")
		root.dataset.theme = theme;
	wireTheme(document.getElementById("theme"));
	drawChoice();
	draw();
})();
