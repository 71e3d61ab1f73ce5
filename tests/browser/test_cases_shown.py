"""A case on a phone, in the dark: words are proposed, read as customers will read them, published; and the customers' page."""

import pytest
from programs import until
from selenium.webdriver.common.by import By
from test_live_page import complaints, text

pytestmark = pytest.mark.config("pools: {web: {owner: Alex}}\n")


def narrow(driver):
    return driver.execute_script("return document.documentElement.scrollWidth <= 390")


def test_from_words_to_the_customers_page(collector, agent, browse):
    driver = browse(collector, "/case.html", 390, 844, dark=True, phone=True)
    until(lambda: driver.find_elements(By.CSS_SELECTOR, "#open option"), 20, "there is a pool to choose")
    driver.find_element(By.CSS_SELECTOR, "#open input[name=title]").send_keys("web is slow")
    driver.find_element(By.CSS_SELECTOR, "#open [type=submit]").click()
    until(lambda: text(driver, "#case-title") == "web is slow", 10, "the case is shown")
    words = driver.find_element(By.CSS_SELECTOR, "#draft textarea")
    until(lambda: "What you can do: " in words.get_property("value"), 10, "words are proposed")
    assert narrow(driver)
    driver.find_element(By.CSS_SELECTOR, "#draft [type=submit]").click()
    until(lambda: driver.find_element(By.ID, "preview").is_displayed(), 10, "it is shown before it is published")
    assert "0 subscribers" in text(driver, "#preview-to") and "0" not in text(driver, "#case-state")
    driver.find_element(By.ID, "publish").click()
    until(lambda: "investigating" in text(driver, "#case-state"), 10, "it is published")
    assert "What you can do" in driver.find_element(By.ID, "help-desk").get_property("value")
    assert narrow(driver) and complaints(driver) == []

    page = driver.find_element(By.ID, "customer-page").get_property("href")
    seen = browse(collector, page, 390, 844, dark=True, phone=True, logged_in=False)
    assert "Investigating" in text(seen, "article h2") and "Next update by" in text(seen, ".next")
    assert narrow(seen) and complaints(seen) == []
    dark = seen.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert dark == "rgb(16, 22, 28)"
