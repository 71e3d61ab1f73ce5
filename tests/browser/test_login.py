"""Logging in as people do: by the link, by a password, by TLS; being wrong, logging out, being led back."""

import json
import os

import pytest
from selenium.webdriver.common.by import By

from programs import until

GOOD = "correct horse battery"


def link_of(collector, user="admin"):
    status, _, body = collector.request(f"/api/v1/users/{user}/login-link", "POST")
    assert status == 201, body
    return "/" + json.loads(body)["url"].split("/", 3)[3]


def at(driver):
    return driver.execute_script("return location.pathname + location.hash")


def shown(driver, selector):
    return [e.text for e in driver.find_elements(By.CSS_SELECTOR, selector) if e.is_displayed()]


def fill(driver, **fields):
    for name, text in fields.items():
        field = driver.find_element(By.ID, name.replace("_", "-"))
        field.clear()
        field.send_keys(text)


def press(driver, form):
    driver.find_element(By.CSS_SELECTOR, f"#{form} button").click()


def picture(driver, name):
    """Kept for whoever asks to see it."""
    if os.environ.get("PLIMSOLL_PICTURES"):
        driver.save_screenshot(os.path.join(os.environ["PLIMSOLL_PICTURES"], name + ".png"))


def test_from_the_first_link_to_the_log_out(collector, agent, browse):
    driver = browse(collector, link_of(collector), logged_in=False)
    until(lambda: shown(driver, "#welcome h2"), 5, "the link is welcomed")
    assert shown(driver, "#login h2") == []
    fill(driver, new_password=GOOD, new_again=GOOD + "x")
    press(driver, "welcome")
    until(lambda: shown(driver, "#problem") == ["The two passwords are not the same."], 5, "a slip is told")
    picture(driver, "welcome")
    fill(driver, new_again=GOOD)
    press(driver, "welcome")
    until(lambda: shown(driver, "#pools .card"), 10, "the live page, with its pool")
    assert shown(driver, "#who") == ["admin (admin)"] and at(driver).startswith("/")
    picture(driver, "logged_in")

    driver.find_element(By.ID, "logout").click()
    until(lambda: shown(driver, "#login h2"), 5, "the login is back")
    driver.get(collector.url("/#pool=web&host=fe1"))
    until(lambda: at(driver) == "/login.html#pool=web&host=fe1", 5, "what was asked for is remembered")
    until(lambda: shown(driver, "#login h2"), 5, "the form")
    fill(driver, name="admin", password="not this one")
    press(driver, "login")
    until(lambda: shown(driver, "#problem") == ["that name and password do not belong together"], 5, "it is told")
    picture(driver, "login")
    fill(driver, name="admin", password=GOOD)
    press(driver, "login")
    until(lambda: shown(driver, "#charts-title") == ["Charts of fe1"], 10, "back where one wanted to be")

    # A link from elsewhere ends at the login, which finds the session and goes on.
    driver.get(collector.url("/login.html#pool=web"))
    until(lambda: at(driver).startswith("/#pool=web"), 5, "logged in already")

    # The session is ended from elsewhere: the page does not stay there with old numbers.
    collector.request("/api/v1/users/admin/password", "PUT", {"password": GOOD + " anew"})
    until(lambda: at(driver).startswith("/login.html"), 15, "led back to the login")


def test_a_link_is_good_once(collector, browse):
    link = link_of(collector)
    driver = browse(collector, link, logged_in=False)
    until(lambda: shown(driver, "#welcome h2"), 5, "welcome")
    driver.find_element(By.ID, "without").click()
    until(lambda: shown(driver, "#who") == ["admin (admin)"], 10, "logged in without a password")
    driver.delete_all_cookies()
    driver.get(collector.url("/style.css"))
    driver.get(collector.url(link))
    until(lambda: shown(driver, "#welcome h2"), 5, "it looks as good as before")
    driver.find_element(By.ID, "without").click()
    until(lambda: "was used already" in "".join(shown(driver, "#problem")), 5, "and is not")


@pytest.mark.parametrize("dark", [False, True])
def test_by_tls_on_a_phone(collector, agent, browse, dark):
    page = f"https://{collector.agents}{link_of(collector)}"
    driver = browse(collector, page, 390, 844, phone=True, dark=dark, logged_in=False)
    until(lambda: shown(driver, "#welcome h2"), 5, "welcome")
    width, heights = driver.execute_script(
        "return [document.documentElement.scrollWidth, [...document.querySelectorAll('input, button')]"
        ".filter(e => e.offsetParent).map(e => e.getBoundingClientRect().height)]")
    assert width == 390 and len(heights) == 4 and min(heights) >= 44
    picture(driver, f"phone_{'dark' if dark else 'light'}")
    driver.find_element(By.ID, "without").click()
    until(lambda: shown(driver, "#pools .card"), 10, "the live page by TLS")
    cookie, = driver.get_cookies()
    assert (cookie["name"], cookie["secure"], cookie["httpOnly"]) == ("__Host-plimsoll", True, True)
    assert cookie["sameSite"] == "Strict"
    until(lambda: collector.get("/api/v1/self")["http"]["streams"] == 1, 5, "events come by TLS")
