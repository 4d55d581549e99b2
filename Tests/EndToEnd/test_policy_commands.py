# SPDX-License-Identifier: Apache-2.0
"""`exeat policy evaluate`, `explain` and `lint`: offline, as a script and as a person use them."""

import json

import pytest

from driver import server as servers

ALL = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
USER = "arn:aws:iam::111122223333:user/alice"


def case(name="n", policies=(ALL,), context=None, **more):
    return {"name": name, "request": {"action": "s3:GetObject", "principal": USER, "context": context or {},
                                      "resource": {"resource": "arn:aws:s3:::b/k", "accountId": "111122223333"}},
            "identityPolicies": list(policies), **more}


def statement(effect="Allow", **more):
    return {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": "*", "Resource": "*", **more}]}


def policy(*arguments, stdin=""):
    return servers.exeat("policy", *arguments, stdin=stdin if isinstance(stdin, str) else json.dumps(stdin))


def assert_refused(done, status, *words):
    assert done.returncode == status and done.stdout == "", (done.returncode, done.stdout, done.stderr)
    errors = [line for line in done.stderr.splitlines() if line.startswith("exeat: error: ")]
    assert len(errors) == 1 and all(word in errors[0] for word in words), done.stderr


# MARK: evaluate

def test_a_file_without_end_is_refused_at_the_limit():
    assert_refused(policy("evaluate", "/dev/zero"), 1, "/dev/zero", str(64 << 20))


def test_each_case_has_a_line_in_order(tmp_path):
    deny = {"name": "guard", "policy": statement("Deny", Sid="No", Condition={"Bool": {"aws:x": "true"}})}
    cases = [case("a"), case("b", policies=[ALL, deny], context={"aws:x": True}), case("c", policies=[]),
             case("d", policies=[deny])]
    (tmp_path / "cases.json").write_text(json.dumps(cases, indent=1))
    done = policy("evaluate", tmp_path / "cases.json")
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"name": "a", "decision": "Allowed", "reasons": [
            {"effect": "Allow", "policyType": "identity-based policy", "policy": "identityPolicies[0]", "index": 0}]},
        {"name": "b", "decision": "ExplicitlyDenied", "reasons": [
            {"effect": "Deny", "policyType": "identity-based policy", "policy": "guard", "index": 0, "sid": "No"}]},
        {"name": "c", "decision": "ImplicitlyDenied", "reasons": [
            {"effect": "None", "policyType": "identity-based policy"}]},
        {"name": "d", "decision": "ImplicitlyDenied", "reasons": [
            {"effect": "None", "policyType": "identity-based policy"}]}]
    # The order of members is the one that is documented.
    assert done.stdout.startswith('{"name":"a","decision":"Allowed","reasons":[{')


def test_one_case_from_standard_input():
    done = policy("evaluate", "-", stdin=case("only \u2028 one"))
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 1
    assert json.loads(done.stdout)["name"] == "only \u2028 one"


def test_who_gives_access_is_named():
    grant = statement(Principal={"AWS": USER})
    done = policy("evaluate", "-", stdin=case(resourcePolicy=grant))
    assert [reason["policyType"] for reason in json.loads(done.stdout)["reasons"]] == ["resource-based policy"]
    root = case(policies=[])
    root["request"]["principal"] = "arn:aws:iam::111122223333:root"
    assert json.loads(policy("evaluate", "-", stdin=root).stdout)["reasons"] == [{"effect": "Allow"}]


def test_a_case_that_cannot_be_decided_leaves_the_others_decided():
    broken = case("broken", policies=[{"Statement": {"Effect": "Permit", "Action": "*", "Resource": "*"}}])
    stranger = case("stranger")
    stranger["request"]["principal"] = "nobody"
    done = policy("evaluate", "-", stdin=[broken, case("fine"), stranger, {"name": "empty"}])
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1 and done.stderr == ""
    assert [line["name"] for line in lines] == ["broken", "fine", "stranger", "empty"]
    assert "identityPolicies[0]" in lines[0]["error"] and "Permit" in lines[0]["error"]
    assert lines[1]["decision"] == "Allowed"
    assert "nobody" in lines[2]["error"] and "request" in lines[3]["error"]


def test_no_case_is_no_line():
    done = policy("evaluate", "-", stdin="[]")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("text", ["", "[", "{\"a\":1,\"a\":2}", "[1,]", "\ufeff[]", "[" * 100_000])
def test_a_file_that_is_no_json_is_one_error(tmp_path, text):
    (tmp_path / "f").write_text(text)
    for command in ("evaluate", "explain"):
        assert_refused(policy(command, tmp_path / "f"), 1, "JSON", str(tmp_path / "f"))


def test_a_file_that_is_not_there_is_one_error(tmp_path):
    for command in ("evaluate", "explain", "lint"):
        assert_refused(policy(command, tmp_path / "none"), 1, str(tmp_path / "none"))
        assert_refused(policy(command, tmp_path), 1, str(tmp_path))


@pytest.mark.parametrize("arguments", [["evaluate"], ["evaluate", "-", "--fast"], ["explain"], ["lint"], ["judge"],
                                       ["lint", "-", "--kind", "bucket"]])
def test_wrong_usage_is_status_2(arguments):
    assert_refused(policy(*arguments), 2)


def test_timing_is_said_beside_the_decisions():
    done = policy("evaluate", "-", "--timing", stdin=[case("a"), case("b", policies=[])])
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 2
    words = done.stderr.split()
    assert words[0] == "timing:" and int(words[1]) > 100 and done.stderr.endswith("(2 cases, 1 allowed)\n")


# MARK: explain

AUDIENCE = """[
{"name": "first", "request": {"action": "sts:GetWebIdentityToken", "resource": "*",
  "principal": "arn:aws:iam::111122223333:user/alice",
  "context": {"sts:IdentityTokenAudience": ["https://a", "https://evil"]}},
 "identityPolicies": [{"name": "tokens", "policy": {"Version": "2012-10-17", "Statement": [
   {"Effect": "Allow", "Action": "iam:*", "Resource": "*"},
   {"Sid": "OnlyA", "Effect": "Allow", "Action": "sts:*", "Resource": "*",
    "Condition": {"ForAllValues:StringEquals": {"sts:IdentityTokenAudience": "https://a"},
                  "Bool": {"aws:SecureTransport": "true"}}}]}}]},
{"name": "second", "request": {"action": "a:b", "resource": "*", "principal": "\\u001b[31m"}}
]"""


def test_an_explanation_names_policy_line_condition_and_values():
    done = policy("explain", "-", "--name", "first", stdin=AUDIENCE)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "first: ImplicitlyDenied"
    assert "  no identity-based policy allows it" in lines
    assert ("    Allow: statement 2 (OnlyA) of tokens, line 7: ForAllValues:StringEquals sts:IdentityTokenAudience "
            "`https://a`: the request has `https://a`, `https://evil`") in lines
    assert "    aws:SecureTransport" in lines and "  1 statement on other actions" in lines


def test_a_denial_is_explained_by_its_statement():
    deny = {"name": "guard", "policy": statement("Deny", Sid="No")}
    done = policy("explain", "-", stdin=case("x", policies=[ALL, deny]))
    assert done.returncode == 0 and "denied by statement 1 (No) of guard (identity-based policy)\n" in done.stdout
    assert "Allow: statement 1 of identityPolicies[0], line 1" in done.stdout


def test_a_refusal_by_the_organization_names_its_level():
    levels = [{"orgIdentifier": "r-ab12", "policies": [statement("Allow")]},
              {"orgIdentifier": "ou-ab12-c0ffee00", "policies": [{"name": "p-1", "policy": statement("Deny")}]}]
    done = policy("explain", "-", stdin=case("x", policies=[ALL], serviceControlPolicies=levels))
    assert "denied by statement 1 of p-1 (service control policy of ou-ab12-c0ffee00)\n" in done.stdout, done.stdout
    levels[1] = {"policies": []}
    done = policy("explain", "-", stdin=case("x", policies=[ALL], serviceControlPolicies=levels))
    assert "no service control policy of level 2 allows it\n" in done.stdout, done.stdout


def test_an_explanation_as_json_has_positions_and_missing_keys():
    done = policy("explain", "-", "--json", stdin=AUDIENCE)
    first, second = map(json.loads, done.stdout.splitlines())
    assert done.returncode == 1 and set(second) == {"name", "error"}
    assert first["decision"] == "ImplicitlyDenied" and first["matched"] == []
    assert first["missingContextKeys"] == ["aws:SecureTransport"]
    assert first["verdicts"] == {"identity-based policy": "ImplicitlyDenied"}
    unmet = first["unmatched"][1]
    assert unmet["start"] == {"line": 7, "column": 5} and unmet["end"] == {"line": 9, "column": 60}
    assert unmet["because"] == "Condition" and unmet["requestValues"] == ["https://a", "https://evil"]


def test_what_strangers_wrote_cannot_steer_the_terminal():
    done = policy("explain", "-", stdin=AUDIENCE)
    assert "\x1b" not in done.stdout and "\\u{1b}" in done.stdout


def test_a_name_that_no_case_has_is_an_error():
    assert_refused(policy("explain", "-", "--name", "third", stdin=AUDIENCE), 1, "third")


# MARK: lint

def test_findings_have_file_line_and_code(tmp_path):
    file = tmp_path / "p.json"
    file.write_text('{"Version": "2012-10-17", "Statement": [\n {"Effect": "Allow", "Action": "sts:GetCallerIdentity", '
                    '"Resource": "*"},\n {"Sid": "Bad", "Effect": "Allow", "Action": "sts:GetWebIdentityToken", '
                    '"Resource": "*",\n  "Condition": {"StringEquals": {"sts:IdentityTokenAudience": "a"}}}]}')
    done = policy("lint", file)
    assert done.returncode == 1 and done.stderr == ""
    assert done.stdout.startswith(f"{file}:3: error: SingleValuedOperator: ") and done.stdout.endswith("(Sid `Bad`)\n")
    (finding,) = json.loads(policy("lint", file, "--json").stdout)
    assert (finding["line"], finding["statement"], finding["sid"], finding["severity"]) == (3, 1, "Bad", "error")


def test_warnings_alone_are_no_failure():
    done = policy("lint", "-", stdin=ALL)
    assert done.returncode == 0 and done.stdout.startswith("-:1: warning: AllowEverything: ")


def test_a_document_without_traps_prints_nothing():
    done = policy("lint", "-", stdin=statement(Resource="arn:aws:s3:::b"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert policy("lint", "-", "--json", stdin=statement(Resource="arn:aws:s3:::b")).stdout == "[]\n"


def test_a_document_that_does_not_parse_is_an_error(tmp_path):
    (tmp_path / "a").write_text('{"Statement":\n{"Effect":"Allow",}}')
    (tmp_path / "b").write_text('{"Statement":{"Effect":"Allow","Action":"*"}}')
    done = policy("lint", tmp_path / "a", tmp_path / "b")
    lines = done.stdout.splitlines()
    assert done.returncode == 1 and len(lines) == 2 and all("error: MalformedPolicyDocument: " in line for line in lines)
    assert "line 2, column " in lines[0] and "`Resource` is missing" in lines[1]


@pytest.mark.parametrize("kind, document, words", [
    (None, {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}}, "error: EveryoneAllowed"),
    (None, statement(Principal="*"), "warning: EveryoneAllowed"),
    ("identity", statement(Principal="*"), "`Principal` may not stand"),
    ("trust", ALL, "may not stand"), ("resource", ALL, "`Principal` is missing"),
    ("session", ALL, "AllowEverything"), ("scp", ALL, ""), ("boundary", ALL, ""),
    ("scp", {"Statement": ALL["Statement"]}, "`Version` must be 2012-10-17"),
    ("rcp", statement(Principal="*"), ""), ("rcp", ALL, "`Principal` is missing"),
])
def test_the_kind_of_document_is_given_or_seen(kind, document, words):
    done = policy("lint", "-", *(["--kind", kind] if kind else []), stdin=document)
    assert words in done.stdout and (done.stdout == "") == (words == ""), done.stdout


def test_help_tells_the_exit_status():
    text = " ".join(policy("lint", "--help").stdout.split())
    assert "Exit status: 1 when there is an error" in text and "0 when there are only warnings" in text
