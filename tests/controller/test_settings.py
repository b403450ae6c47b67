"""Settings: what is allowed, what is said of what is not, where each comes from."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from controller.settings import Settings
from controller.sources import MASK, WrongSetting, load, shown

ROOT = Path(__file__).resolve().parents[2]
STRONG = "quite-a-password"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A working folder without balai.toml, an environment without settings."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"BALAI_{name.upper()}", raising=False)
    monkeypatch.delenv("BALAI_CONFIG", raising=False)
    return tmp_path


WRONG = [
    ("port", "99999"),
    ("port", "-1"),
    ("port", "http"),
    ("broker_port", "1.5"),
    ("broker_tls_port", "65536"),
    ("host", ""),
    ("tls_cert", "/nowhere/cert.pem"),
    ("tls_key", "/nowhere/key.pem"),
    ("broker_ca", "/nowhere"),
    ("database_url", "mysql://host/name"),
    ("database_url", "sqlite://"),
    ("database_url", "postgresql://balai:postgres@host/name"),
    ("broker_url", "http://host"),
    ("broker_url", "mqtt://"),
    ("broker_url", "mqtt://host:port"),
    ("broker_url", "mqtt://user:changeme@host"),
    ("broker_password", "password"),
    ("broker_password", "short"),
    ("broker_tls", "perhaps"),
    ("broker_dynsec", "2"),
    ("broker_share", "no spaces"),
    ("public_url", "balai.example"),
    ("public_url", "https://balai.example/path"),
    ("claim_hours", "0"),
    ("hotspot_ssid", "thirty-three-bytes-are-one-too-many"),
    ("hotspot_password", "short"),
    ("incident_grace", "0"),
    ("smtp_host", "mail server"),
    ("smtp_port", "0"),
    ("smtp_tls", "ssl"),
    ("smtp_from", "balai"),
    ("smtp_from", "Balai <balai@balai.example>"),
    ("smtp_to", "kira@balai.example, nobody"),
    ("webhook_url", "http://hooks.example/x"),
    ("webhook_url", "https://user:password-of-it@hooks.example/x"),
    ("webhook_url", "https://hooks.example:port"),
    ("webhook_url", "hooks.example"),
    ("webhook_secret", "fifteen-letters"),
    ("drain_rate", "-1"),
    ("drain_rate", "many"),
    ("log_level", "loud"),
    ("log_format", "xml"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_setting_is_named_in_one_line_with_what_is_allowed(name, value):
    with pytest.raises(WrongSetting) as caught:
        load({name: value})
    text = str(caught.value)
    assert text.startswith(f"setting {name} (option --{name.replace('_', '-')}): ")
    assert f"allowed: {Settings.model_fields[name].json_schema_extra['allowed']}" in text
    assert "\n" not in text


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, value in WRONG if value])
def test_it_is_named_wherever_it_comes_from(name, value, monkeypatch, elsewhere):
    monkeypatch.setenv(f"BALAI_{name.upper()}", value)
    with pytest.raises(WrongSetting, match=rf"setting {name} \(environment BALAI_{name.upper()}\)"):
        load()
    monkeypatch.delenv(f"BALAI_{name.upper()}")
    (elsewhere / "balai.toml").write_text(f'{name} = "{value}"\n')
    with pytest.raises(WrongSetting, match=rf"setting {name} \(file balai.toml\)"):
        load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("broker_password", "hunter2"),
        ("broker_url", "http://balai:hunter2-hunter2@host"),
        ("database_url", "mysql://balai:hunter2-hunter2@host/name"),
    ],
)
def test_a_wrong_secret_is_not_repeated(name, value):
    with pytest.raises(WrongSetting) as caught:
        load({name: value})
    assert "hunter2" not in str(caught.value)


def test_a_certificate_needs_its_key(elsewhere):
    (elsewhere / "cert.pem").touch()
    with pytest.raises(WrongSetting, match=r"setting tls_key .* missing beside tls_cert"):
        load({"tls_cert": str(elsewhere / "cert.pem")})
    with pytest.raises(WrongSetting, match=r"setting tls_cert .* missing beside tls_key"):
        load({"tls_key": str(elsewhere / "cert.pem")})


def test_an_option_goes_before_the_environment_before_the_file_before_the_default(elsewhere, monkeypatch):
    (elsewhere / "balai.toml").write_text("port = 1001\nhost = 'file'\nbroker_port = 1002\n")
    monkeypatch.setenv("BALAI_PORT", "2001")
    monkeypatch.setenv("BALAI_HOST", "environment")
    found = load({"port": "3001"})
    assert (found.settings.port, found.settings.host, found.settings.broker_port) == (3001, "environment", 1002)
    assert found.settings.broker_tls_port == 8883
    assert found.origins["port"] == "option --port"
    assert found.origins["host"] == "environment BALAI_HOST"
    assert found.origins["broker_port"] == "file balai.toml"
    assert found.origins["broker_tls_port"] == "default"


def test_an_empty_variable_is_none(monkeypatch):
    monkeypatch.setenv("BALAI_PORT", "")
    assert load().settings.port == 8000


def test_a_mistyped_name_stops_the_start(elsewhere, monkeypatch):
    monkeypatch.setenv("BALAI_BROKER_PROT", "1")
    with pytest.raises(WrongSetting, match=r"setting BALAI_BROKER_PROT .*did you mean broker_port\?"):
        load()
    monkeypatch.delenv("BALAI_BROKER_PROT")
    (elsewhere / "balai.toml").write_text("prot = 1\n")
    with pytest.raises(WrongSetting, match=r"setting prot \(file balai.toml\).*did you mean port\?"):
        load()


def test_a_file_that_is_none_is_named(elsewhere):
    with pytest.raises(WrongSetting, match=r"setting config: nowhere.toml cannot be read"):
        load(config=Path("nowhere.toml"))
    (elsewhere / "balai.toml").write_text("port = \n")
    with pytest.raises(WrongSetting, match=r"setting config: balai.toml is no TOML file"):
        load()


def test_secrets_are_masked_where_settings_are_shown():
    found = load(
        {
            "broker_password": "quite-a-password",
            "broker_url": "mqtts://balai:quite-a-password@host:8883",
            "database_url": "postgresql://balai:quite%40password@host/name",
        }
    )
    rows = {name: value for name, value, _, _ in found.shown()}
    assert rows["broker_password"] == MASK
    assert rows["broker_url"] == f"mqtts://balai:{MASK}@host:8883"
    assert rows["database_url"] == f"postgresql://balai:{MASK}@host/name"
    assert "password" not in repr(found.settings).replace("_password", "")
    assert shown(SecretStr("not an address")) == MASK


def test_settings_survive_the_way_to_the_application():
    found = load({"broker_password": STRONG, "broker_names": "a.example, 10.0.0.1", "broker_tls": True}).settings
    again = Settings.model_validate(found.plain())
    assert again.model_dump() == found.model_dump()
    assert again.broker_password.get_secret_value() == STRONG


@pytest.mark.parametrize(
    ("options", "brokers"),
    [
        ({}, [("127.0.0.1", 1883, False)]),
        ({"broker_names": "a b"}, [("a", 1883, False), ("b", 1883, False)]),
        ({"broker_tls": True, "broker_names": "a"}, [("a", 8883, True)]),
        ({"broker_tls": True, "broker_tls_host": "10.0.0.1"}, [("10.0.0.1", 8883, True)]),
        (
            {"broker_tls": True, "broker_tls_host": "127.0.0.1"},
            [("127.0.0.1", 8883, True), ("127.0.0.1", 1883, False)],
        ),
        ({"broker_url": "mqtts://far"}, [("far", 8883, True)]),
        ({"broker_url": "mqtt://far:11883", "broker_names": "near"}, [("near", 11883, False)]),
    ],
)
def test_devices_are_told_where_the_broker_is(options, brokers):
    assert list(load(options).settings.brokers) == brokers


@pytest.mark.parametrize(
    ("options", "protected"),
    [
        ({}, True),
        ({"broker_host": "0.0.0.0"}, False),
        ({"broker_names": "a"}, False),
        ({"broker_tls": True, "broker_names": "a"}, True),
        ({"broker_tls": True, "broker_names": "a", "broker_host": "10.0.0.1"}, False),
        ({"broker_url": "mqtts://far"}, True),
        ({"broker_url": "mqtt://far"}, False),
        ({"broker_url": "mqtt://[::1]:1883"}, True),
    ],
)
def test_what_goes_to_devices_is_protected_by_tls_or_by_staying_here(options, protected):
    assert load(options).settings.protected is protected


def test_every_setting_says_what_it_is_and_what_is_allowed():
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.json_schema_extra["allowed"], name


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"smtp_host": "mail.example", "smtp_to": "kira@balai.example"}, "smtp_from"),
        ({"smtp_host": "mail.example", "smtp_from": "balai@balai.example"}, "smtp_to"),
        ({"smtp_password": "anything"}, "smtp_username"),
        ({"smtp_password": "anything", "smtp_username": "balai", "smtp_tls": "none"}, "smtp_tls"),
        ({"webhook_url": "https://hooks.example/x"}, "webhook_secret"),
    ],
)
def test_what_is_missing_for_a_way_to_tell_people_is_named(given, missing):
    with pytest.raises(WrongSetting, match=rf"setting {missing} \(.*allowed: ") as caught:
        load(given)
    assert "anything" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_path_of_a_webhook_is_a_secret_too():
    given = {"webhook_url": "https://hooks.example/T0/B0/secret?key=1", "webhook_secret": "k" * 16}
    seen = {name: value for name, value, *_ in load(given).shown()}
    assert seen["webhook_url"] == f"https://hooks.example/{MASK}"
    assert seen["webhook_secret"] == MASK
