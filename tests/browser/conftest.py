"""Chromium for the browser suite: one per test, with a profile of its own."""

import os
import subprocess

import pytest
from programs import BUILD
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update"]


@pytest.fixture
def browse(tmp_path):
    """browse(collector, path, width, height, dark=False, phone=False) -> a driver on that page,
    logged in as an administrator unless logged_in=False. `path` may be a whole address."""
    drivers = []

    def start(collector, path="/", width=1400, height=900, dark=False, phone=False, logged_in=True):
        options = Options()
        for flag in FLAGS + [f"--user-data-dir={tmp_path}/profile{len(drivers)}",
                             f"--window-size={width},{height}"]:
            options.add_argument(flag)
        options.accept_insecure_certs = True  # the collector's own one
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        if phone:
            metrics = {"width": width, "height": height, "pixelRatio": 2, "touch": True}
            options.add_experimental_option("mobileEmulation", {"deviceMetrics": metrics})
        driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        drivers.append(driver)
        if dark:
            feature = {"name": "prefers-color-scheme", "value": "dark"}
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        if logged_in:
            name, value = collector.cookie().split("=")
            driver.execute_cdp_cmd("Network.setCookie", {"name": name, "value": value, "url": collector.url("/"),
                                                         "sameSite": "Strict", "httpOnly": True})
        driver.get(path if path.startswith("http") else collector.url(path))
        return driver

    yield start
    for driver in drivers:
        driver.quit()


@pytest.fixture
def start_swarm(tmp_path):
    """start_swarm(collector, pool, agents, shape): simulated hosts, ended with the test."""
    started = []

    def start(collector, pool, agents, shape):
        path = tmp_path / f"{pool}.csv"
        path.write_text(shape, encoding="utf-8")
        started.append(subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", os.path.join(BUILD, "tests/plimsoll-swarm"),
             "--agents", str(agents), "--hz", "1", "--seconds", "600", "--drain", "0", "--shape", str(path),
             "--pool", pool, "--prefix", pool, "--collector", collector.agents],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL))
    yield start
    for swarm in started:
        swarm.terminate()
        swarm.wait()
