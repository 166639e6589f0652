#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Opens a page in headless Chromium and does what a reader does: looks at it on a
# telephone and on a desk, in light and dark, sorts a table by mouse and by
# keyboard, switches the theme.  Talks to the browser through a pipe, so neither
# a port nor a driver is needed.  Prints what it found, a line each:
#
#	browse.py PAGE FOLDER	-> FOLDER/390-light.png and so on; FOLDER/text, what can be read,
#				   FOLDER/dom, its elements, and FOLDER/plain, without script

import base64
import json
import os
import subprocess
import sys


class Browser:
    """The DevTools protocol over file descriptors 3 and 4: JSON, ended by zero bytes."""

    def __init__(self, profile):
        to_browser, self.write_fd = os.pipe()
        self.read_fd, from_browser = os.pipe()

        # Numbers above those that are given to the browser, so that none is overwritten.
        def give():
            high = [os.dup2(to_browser, 20), os.dup2(from_browser, 21)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--disable-extensions", "--hide-scrollbars", "--disable-dev-shm-usage",
             "--user-data-dir=" + profile, "--remote-debugging-pipe", "about:blank"],
            preexec_fn=give, pass_fds=(3, 4),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.pending = b""
        self.events = []
        self.number = 0
        self.session = None

    def read(self):
        while b"\0" not in self.pending:
            data = os.read(self.read_fd, 1 << 16)
            if not data:
                raise SystemExit("the browser ended")
            self.pending += data
        message, self.pending = self.pending.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_fd, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit("%s: %s" % (method, answer["error"]["message"]))
                return answer["result"]
            self.events.append(answer)

    def await_event(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.read())

    def attach(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(domain + ".enable")

    def ask(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise SystemExit("%s: %s" % (expression, result["exceptionDetails"]["text"]))
        return result["result"].get("value")

    def press(self, key, code, text=None):
        down = {"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": code}
        if text:
            down["text"] = text
        self.call("Input.dispatchKeyEvent", **down)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=code)

    def click(self, selector):
        x, y = self.ask("(() => { const e = document.querySelector(%s); e.scrollIntoView({block: 'center'});"
                        " const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()"
                        % json.dumps(selector))
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def resize(self, width, theme):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1,
                  mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])

        # The page hears of it with the next frame.
        self.call("Runtime.evaluate", awaitPromise=True, expression="new Promise(done => requestAnimationFrame("
                  "() => requestAnimationFrame(() => done(0))))")

    def shoot(self, path):
        picture = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture["data"]))

    def close(self):
        self.session = None
        self.call("Browser.close")
        self.process.wait(120)


FIRST_COLUMN = "[...document.querySelector('table.sortable').tBodies[0].rows].map(r => r.cells[2].dataset.value || r.cells[2].textContent)"
SORTS = "[...document.querySelectorAll('.sortable thead th')].map(h => h.getAttribute('aria-sort')).filter(s => s).join()"
PAPER = "getComputedStyle(document.body).backgroundColor"


def tell(name, value):
    print("%s: %s" % (name, value if isinstance(value, str) else json.dumps(value)))


def look(browser, folder):
    for width in (390, 1440):
        for theme in ("light", "dark"):
            browser.resize(width, theme)
            tell("paper %d %s" % (width, theme), browser.ask(PAPER))
            browser.shoot("%s/%d-%s.png" % (folder, width, theme))
        # What is wider scrolls inside of itself, and not the page.
        tell("overflow %d" % width, browser.ask("document.documentElement.scrollWidth - innerWidth"))


def sort(browser):
    tell("unsorted", browser.ask(FIRST_COLUMN))
    browser.click(".sortable thead th:nth-child(3) button")
    tell("by mouse", browser.ask(FIRST_COLUMN))
    tell("aria-sort", browser.ask(SORTS))
    tell("said", browser.ask("document.getElementById('said').textContent"))
    # The button has the focus now.
    browser.press("Enter", 13, "\r")
    tell("by keyboard", browser.ask(FIRST_COLUMN))
    tell("aria-sort again", browser.ask(SORTS))
    browser.press("Tab", 9)
    tell("next by tab", browser.ask("document.activeElement.textContent"))


def switch(browser):
    browser.resize(1440, "light")
    tell("theme button", browser.ask("document.getElementById('theme').textContent"))
    browser.click("#theme")
    tell("paper switched", browser.ask(PAPER))
    tell("theme button switched", browser.ask("document.getElementById('theme').textContent"))
    tell("chart text", browser.ask("getComputedStyle(document.querySelector('svg.chart .name')).fill"))
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "light"}])
    browser.click("#theme")
    tell("paper switched back", browser.ask(PAPER))


def accessible(browser):
    tell("pictures without text", browser.ask(
        "[...document.querySelectorAll('svg[role=img]')].filter(s => !s.getAttribute('aria-label')).length"))
    tell("pictures", browser.ask("document.querySelectorAll('svg[role=img]').length"))
    tell("ids twice", browser.ask("(() => { const ids = [...document.querySelectorAll('[id]')].map(e => e.id);"
                                  " return ids.length - new Set(ids).size; })()"))
    tell("links to nowhere", browser.ask("[...document.querySelectorAll('a[href^=\"#\"]')]"
                                         ".filter(a => !document.getElementById(a.hash.slice(1))).length"))


def choose(browser):
    """Hides what the first box stands for, and asks for another order."""
    rows = "document.querySelectorAll('table.sortable')[0].tBodies[0].rows.length"
    browser.ask("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    tell("rows", browser.ask(rows))
    if not browser.ask("document.querySelectorAll('#choice input').length"):
        return
    browser.click("#choice input")
    tell("rows with one hidden", browser.ask(rows))
    browser.click("#choice input")
    tell("rows again", browser.ask(rows))
    tell("by time", browser.ask("(() => { const s = document.querySelector('#choice select'); if (!s) return 'none';"
                                " s.value = 'time'; s.dispatchEvent(new Event('change'));"
                                " const first = document.querySelector('article h4')?.textContent;"
                                " s.value = 'plan'; s.dispatchEvent(new Event('change')); return first; })()"))


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def read(browser, folder):
    """What can be read, and what there is to read without script."""
    browser.ask("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    browser.ask("dispatchEvent(new Event('beforeprint'))")
    write(folder + "/text", browser.ask("document.querySelector('main').innerText"))
    write(folder + "/dom", browser.ask("document.body.outerHTML"))
    tell("images", browser.ask("document.images.length"))
    tell("bars", browser.ask("document.querySelectorAll('svg.chart rect').length"))
    tell("tick labels", browser.ask("Math.min(...[...document.querySelectorAll('svg.chart')]"
                                    ".filter(s => s.querySelector('.minor')).map(s => s.querySelectorAll('.tick').length))"))


def read_plain(browser, page, folder):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.events = [event for event in browser.events if event.get("method") != "Page.loadEventFired"]
    browser.call("Page.navigate", url=page)
    browser.await_event("Page.loadEventFired")
    write(folder + "/plain", browser.ask("document.querySelector('main').innerText"))


def heard(browser):
    """What the page asked of the network, and what it complained about."""
    requests, complaints = [], []
    for event in browser.events:
        parameters = event.get("params", {})
        if event.get("method") == "Network.requestWillBeSent":
            requests.append(parameters["request"]["url"].split(":", 1)[0])
        elif event.get("method") == "Runtime.exceptionThrown":
            complaints.append(parameters["exceptionDetails"]["text"])
        elif event.get("method") == "Runtime.consoleAPICalled":
            complaints.append(parameters["type"])
        elif event.get("method") == "Log.entryAdded":
            complaints.append(parameters["entry"]["text"])
    tell("requests", requests)
    tell("complaints", complaints)


def main():
    page, folder = sys.argv[1:]
    browser = Browser(folder + "/profile")
    browser.attach()
    address = "file://" + os.path.abspath(page)
    browser.call("Page.navigate", url=address)
    browser.await_event("Page.loadEventFired")
    tell("title", browser.ask("document.title"))
    look(browser, folder)
    sort(browser)
    switch(browser)
    accessible(browser)
    choose(browser)
    read(browser, folder)
    heard(browser)
    read_plain(browser, address, folder)
    browser.close()


main()
