import pytest

from plugin.pipeline import secrets

KEY = "tR7pX2cLx/9YeJr4KwBz0UdFm5GsHa8PiOo3XtRb"


@pytest.mark.parametrize(
    ("text", "secret", "kind"),
    [
        ("psql -c \"alter role app password 'Plum-44-road'\"", "Plum-44-road", "PASSWORD"),
        ("CREATE USER 'x'@'%' IDENTIFIED BY 'h0rse!battery'", "h0rse!battery", "PASSWORD"),
        ("DB_PASSWORD=g7Kq-lemon-1182", "g7Kq-lemon-1182", "PASSWORD"),
        ("DATABASE_URL=postgresql://app:g7Kq-lemon-1182@db.example.com/app", "g7Kq-lemon-1182", "PASSWORD"),
        (f"AWS_SECRET_ACCESS_KEY={KEY}", KEY, "KEY"),
        (f"sed -i 's#^AWS_SECRET.*#AWS_SECRET_ACCESS_KEY={KEY}#' .env", KEY, "KEY"),
        ("aws_access_key_id = AKIAJ5EXAMPLE7QWERTY", "AKIAJ5EXAMPLE7QWERTY", "KEY"),
        ('curl -H "Authorization: Bearer st_live_5a3c9a1e5d8b2046" http://localhost/reload', "st_live_5a3c9a1e5d8b2046", "TOKEN"),
        ("  password: cGFzc3dvcmQxMjM=", "cGFzc3dvcmQxMjM=", "PASSWORD"),
        ("vault kv put secret/app api_key=abc123def456", "abc123def456", "KEY"),
        ("mysqldump -u root -pS3cretPass shop", "S3cretPass", "PASSWORD"),
        ("sshpass -p 'Plum-44-road' ssh ops@host", "Plum-44-road", "PASSWORD"),
        ("curl -u ops:Plum-44-road https://example.com", "Plum-44-road", "PASSWORD"),
        ("helm upgrade --set auth.rootPassword=Plum-44-road", "Plum-44-road", "PASSWORD"),
        ("login --api-token 99aa88bb77", "99aa88bb77", "TOKEN"),
        ("kubectl create secret generic db --from-literal=password=Plum44", "Plum44", "SECRET"),
        ('"clientSecret": "Zq8~f.Plum44road"', "Zq8~f.Plum44road", "SECRET"),
    ],
)
def test_it_finds_the_value_and_nothing_around_it(text: str, secret: str, kind: str) -> None:
    assert [(f.text, f.kind) for f in secrets.find(text)] == [(secret, kind)]


@pytest.mark.parametrize(
    "text",
    [
        "Enter your password in the Password field",
        "Password: Required. Password confirmation:",
        "The token expires after thirty days.",
        "kubectl get secret orders-db -o yaml",
        "docker login -u ops --password-stdin",
        "export GITHUB_TOKEN=$(cat token)",
        "export TOKEN=$TOKEN",
        "DB_PASSWORD=<PASSWORD_1>",
        "systemctl status sshd --no-pager",
        "commit 3f2c9e77ab12cd34ef56ab78cd90ef12ab34cd56",
        "http://localhost:8085/version",
        "key: value",
    ],
)
def test_it_leaves_ordinary_text_alone(text: str) -> None:
    assert secrets.find(text) == []


@pytest.mark.parametrize(
    "seen",
    [
        "alter role x password 'Wk4-map1e-81Zd-kite'",
        "AITER ROLE Wk4 - maple - 8lZd - kite;",
        "wk4-mapIe-812d-kite",
        "url//app:Wk4-maple-81Zd-kitE@host",
    ],
)
def test_a_known_secret_is_found_in_misread_text(seen: str) -> None:
    assert len(secrets.occurrences("Wk4-maple-81Zd-kite", seen)) == 1


def test_a_short_value_is_only_covered_where_it_stands_as_a_word() -> None:
    assert secrets.occurrences("ab1", "use ab1 now, not cab12") == [(4, 7)]


def test_half_a_secret_at_the_edge_of_a_line_is_found_on_both_lines() -> None:
    secret = "Wk4-maple-81Zd-kite"
    assert secrets.cut_off(secret, "psql -c 'password Wk4-map") == (18, 25)
    assert secrets.carried_over(secret, "le-81Zd-kite' -d app") == (0, 12)
    assert secrets.cut_off(secret, "nothing of it here") is None


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("export ADMIN_KEY=adm-Meadow-Lantern-220", ["adm-Meadow-Lantern-220"]),
        ("BACKUP_SALT='q8!vernal-otter'", ["q8!vernal-otter"]),
        ("master_key: Quartz-Heron-71", ["Quartz-Heron-71"]),
        ("ACL SETUSER shop on >lark-sedge-55 ~cache:* +@read", ["lark-sedge-55"]),
        ("SSL_CERT_KEY=/etc/ssl/private/site.pem", []),
        ("primary_key = order_number", []),
        ('sed -i "s/^token = .*/token = $TOKEN/" agent.conf', []),
    ],
)
def test_names_that_say_that_they_hold_a_secret(text: str, values: list[str]) -> None:
    assert [f.text for f in secrets.find(text)] == values
