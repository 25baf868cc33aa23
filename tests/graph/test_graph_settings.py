"""Where Graph may be: Microsoft's clouds over https, or a sandbox on this machine."""

import pytest

from scimconf.diagnostics import ScimconfError
from scimconf.graph.settings import CLOUDS, PUBLIC, Settings, graph_settings


def test_graph_settings_default_to_the_public_cloud():
    settings = graph_settings({})
    assert settings.base == "https://graph.microsoft.com/v1.0"
    assert (settings.cloud, settings.anonymous) == (PUBLIC, False)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_graph_settings_of_each_cloud(cloud):
    for settings in (graph_settings({}, cloud.name), graph_settings({"SCIMCONF_CLOUD": cloud.name})):
        assert settings.base == f"https://{cloud.graph}/v1.0"
        assert settings.cloud == cloud
    assert graph_settings({"SCIMCONF_GRAPH_URL": cloud.base}).cloud.authority == cloud.authority


def test_graph_settings_prefer_the_option_to_the_environment():
    assert graph_settings({"SCIMCONF_CLOUD": "china"}, "us-dod").cloud.name == "us-dod"


def test_graph_settings_refuse_an_unknown_cloud():
    with pytest.raises(ScimconfError, match="unknown cloud 'mars'.*public, us-government, us-dod, china"):
        graph_settings({}, "mars")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/v1.0", "http://localhost/v1.0/", "https://[::1]:1/v1.0", "http://127.1.2.3/x/v1.0"]
)
def test_a_sandbox_is_on_this_machine_and_anonymous(url):
    settings = graph_settings({"SCIMCONF_GRAPH_URL": url})
    assert settings.anonymous
    assert settings.base.endswith("/v1.0")
    assert settings.cloud == PUBLIC


def test_a_sandbox_serves_any_cloud():
    assert graph_settings({"SCIMCONF_GRAPH_URL": "http://localhost:1/v1.0"}, "china").anonymous


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://graph.microsoft.com/v1.0", "expected https for"),
        ("https://graph.example.com/v1.0", "not Microsoft Graph"),
        ("https://graph.microsoft.com.evil.example/v1.0", "not Microsoft Graph"),
        ("https://graph.microsoft.com:8443/v1.0", "not Microsoft Graph"),
        ("https://graph.microsoft.com/beta", "expected it to end in /v1.0"),
        ("https://graph.microsoft.com/x/v1.0", "expected https://graph.microsoft.com/v1.0$"),
        ("https://graph.microsoft.com/v1.0?x=/v1.0", "expected it to end in /v1.0"),
        ("https://graph.microsoft.com/v1.0#a", "expected it to end in /v1.0"),
        ("http://127.0.0.1:8080", "expected it to end in /v1.0"),
        ("http://user:pass@127.0.0.1/v1.0", "without a user name"),
        ("ftp://127.0.0.1/v1.0", "expected http.s.://HOST"),
        ("127.0.0.1:8080/v1.0", "expected http.s.://HOST"),
        ("http:///v1.0", "expected http.s.://HOST"),
        ("http://127.0.0.1.evil.example/v1.0", "expected https for"),
        ("http://169.254.169.254/v1.0", "expected https for"),
        ("http://[::1/v1.0", "is not a valid URL"),
        ("http://user:pass@[::1/v1.0", "is not a valid URL"),
        ("http://127.0.0.1:notaport/v1.0", "is not a valid URL"),
        ("http://127.0.0.1:99999/v1.0", "is not a valid URL"),
        ("http://127.0.0.1:0/v1.0", "is not a valid URL"),
        ("http://127.0.0.1:80\n80/v1.0", "is not a valid URL"),
    ],
)
def test_graph_settings_refuse_other_urls(url, why):
    with pytest.raises(ScimconfError, match=why) as caught:
        graph_settings({"SCIMCONF_GRAPH_URL": url})
    assert "pass" not in str(caught.value)
    with pytest.raises(ScimconfError):
        Settings(base=url)


def test_graph_settings_refuse_a_url_of_another_cloud():
    with pytest.raises(ScimconfError, match="but the cloud china has"):
        graph_settings({"SCIMCONF_GRAPH_URL": "https://graph.microsoft.us/v1.0"}, "china")
