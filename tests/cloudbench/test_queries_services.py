"""Questions in SQL over collected facts: what they may see, what they may cost, and what they may never do."""

from time import monotonic

import pytest
from django.utils import timezone

from cloudbench.models import CustomControl, CustomResult, Run, Snapshot
from cloudbench.selectors.queries import tables_of
from cloudbench.services import collecting
from cloudbench.services.custom_controls import change_control, create_control, result_of
from cloudbench.services.queries import MOST_ROWS, Facts, Limits, answer_of, ask, environment
from cloudbench.services.query_places import place_for
from organizations.errors import Invalid, TooOften
from tests.cloudbench.ground import a_benchmark, amazon, an_account, bucket
from tests.cloudbench.test_runs_services import asked
from tests.factories.organizations import member

FACTS = b"\n".join(
    [
        b'{"collection":"iam.users","region":"global","offered":true,"answers":[["",{"rows":['
        b'["global","arn:aws:iam::1:user/ann","ann","",{"UserName":"ann","Tags":[{"Key":"a"}],"Mfa":true}],'
        b'["global","arn:aws:iam::1:user/bob","bob","",{"UserName":"bob","Name":"x","Mfa":false}]]}]]}',
        b'{"collection":"ec2.vpcs","region":"eu-west-1","offered":true,"answers":[["",{"failure":["denied","w","a","r"]}]]}',
    ]
)
COUNTING = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n {}) SELECT i FROM n"


def words(sql, facts=FACTS, **limits):
    with pytest.raises(Invalid) as refused:
        answer_of(facts, sql, Limits(**limits))
    return str(refused.value)


def test_a_collection_is_a_table_with_a_column_for_each_field():
    answer = answer_of(FACTS, "SELECT name, UserName, Mfa, Tags FROM iam_users WHERE Mfa = 1")
    assert answer.columns == ("name", "UserName", "Mfa", "Tags")
    assert answer.rows == (("ann", "ann", 1, '[{"Key":"a"}]'),)


def test_a_field_called_like_a_column_of_ours_is_found_in_data():
    answer = answer_of(FACTS, "SELECT json_extract(data, '$.Name') FROM iam_users WHERE name = 'bob'")
    assert answer.rows == (("x",),)


def test_a_collection_that_could_not_be_read_is_an_empty_table():
    assert answer_of(FACTS, "SELECT count(*) FROM ec2_vpcs").rows == ((0,),)
    assert answer_of(FACTS, "SELECT collection, count(*) FROM resources GROUP BY 1").rows == (("iam.users", 2),)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM iam_users",
        "INSERT INTO iam_users (name) VALUES ('eve')",
        "CREATE TABLE t (a)",
        "CREATE TEMP TABLE t AS SELECT 1",
        "DROP TABLE iam_users",
        "ATTACH DATABASE '/etc/passwd' AS p",
        "PRAGMA query_only = OFF",
        "VACUUM INTO '/tmp/x'",
        "SELECT load_extension('x')",
        "SELECT name FROM sqlite_master; DELETE FROM iam_users",
        "BEGIN",
        "",
        "SELECT randomblob(1000000000)",
        "EXPLAIN DELETE FROM iam_users",
    ],
)
def test_nothing_but_one_reading_statement_is_let_through(sql):
    assert words(sql)


def test_what_was_not_read_or_is_not_there_is_never_a_pass():
    denied = told_of("SELECT arn FROM ec2_vpcs")
    assert (denied.status, denied.reason) == ("ERROR", "w")
    assert told_of("SELECT arn FROM iam_users WHERE name = 'eve'").status == "PASS"
    assert told_of("SELECT arn FROM ec2_subnets").status == "SKIP"


def told_of(sql):
    rows, failures = {"iam_users": 2, "ec2_vpcs": 0, "ec2_subnets": 0}, {"ec2_vpcs": ("w",)}
    empty = b'\n{"collection":"ec2.subnets","region":"eu-west-1","offered":true,"answers":[["",{"rows":[]}]]}'
    return result_of(CustomControl(sql=sql), Snapshot(organization_id=1), Facts(FACTS + empty, rows, failures))


def test_an_error_in_the_sql_is_told():
    assert "no such column: nme" in words("SELECT nme FROM iam_users")
    assert "syntax error" in words("SELEC 1")


def test_a_question_without_end_is_stopped():
    assert "longer" in words(f"SELECT count(*) FROM ({COUNTING.format('')})", wall_s=0.5)


def test_a_question_that_takes_too_much_memory_is_stopped():
    greedy = f"SELECT i FROM ({COUNTING.format('LIMIT 90000000')}) ORDER BY -i"
    assert "memory" in words(greedy, memory_bytes=120 * 1024**2, wall_s=30)


def test_many_rows_are_cut_short_and_it_says_so():
    answer = answer_of(FACTS, COUNTING.format("LIMIT 5000"))
    assert (len(answer.rows), answer.truncated) == (MOST_ROWS, True)


FIT = "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {}) SELECT i FROM n)"
QUICK = {"wall_s": 0.5, "memory_bytes": 200 * 1024**2}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT printf('%.*c', 1000000000, 'x')",
        f"SELECT sum(instr(printf('%.4000000c', 'a'), printf('%.2000000c', 'a') || 'b')) FROM {FIT.format(1000)}",
        "SELECT count(*) FROM " + ", ".join(f"resources r{n}, iam_users u{n}" for n in range(30)),
        f"SELECT length(group_concat(i, printf('%1000000c', 'x'))) FROM {FIT.format(100000)}",
        f"SELECT json_group_array(printf('%1000000c', 'x')) FROM {FIT.format(5000)}",
        f"SELECT DISTINCT printf('%.3000000c%d', 'x', i) FROM {FIT.format(10000)}",
        f"SELECT sum(i) OVER (ORDER BY -i) FROM {FIT.format(50000000)}",
        "SELECT count(*) FROM json_each((SELECT json_group_array(a.name) FROM resources a)) x, "
        + ", ".join(f"json_each('[1,2,3,4,5,6,7,8,9,10]') j{n}" for n in range(20)),
        "WITH a0 AS (SELECT 1 x UNION ALL SELECT 2), "
        + ", ".join(f"a{n} AS (SELECT l.x FROM a{n - 1} l, a{n - 1} r)" for n in range(1, 12))
        + " SELECT count(*) FROM a11",
        "SELECT replace(replace(hex(printf('%4000000c', 'x')), '2', '22222222'), '0', '00000000')",
    ],
    ids=[
        "one long step",
        "search",
        "product",
        "concat",
        "json",
        "distinct",
        "window",
        "json tables",
        "views",
        "replace",
    ],
)
def test_no_bomb_takes_longer_or_more_than_it_may(sql):
    begun = monotonic()
    assert words(sql, **QUICK)
    assert monotonic() - begun < 6


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM pragma_table_info('iam_users')",
        "SELECT * FROM dbstat",
        "SELECT readfile('/etc/passwd')",
        "SELECT fts3_tokenizer('simple')",
        "SELECT hex(zeroblob(100000000))",
        "WITH n AS (SELECT 1) DELETE FROM iam_users",
        "UPDATE iam_users SET name = 'eve' RETURNING name",
        "SELECT 1\0; DROP TABLE iam_users",
        "SELECT '\ud800'",
        "SELECT " + "(" * 4000 + "1" + ")" * 4000,
        "SELECT json('" + "[" * 4900 + "]" * 4900 + "')",
        "SELECT " + ", ".join("1" for _ in range(2000)),
        "SELECT 'a' REGEXP '(a+)+$'",
        "ANALYZE",
        "SAVEPOINT s",
        "-- nothing",
    ],
)
def test_what_is_no_question_or_reaches_beyond_the_tables_is_refused(sql):
    assert words(sql)


def test_long_cells_and_long_answers_are_cut():
    cut = answer_of(FACTS, "SELECT printf('%.3000000c', 'x')")
    assert (len(cut.rows[0][0]), cut.truncated) == (20_000, False)
    wide = answer_of(FACTS, f"SELECT printf('%.30000c', 'x') FROM {FIT.format(1000)}")
    assert (len(wide.rows), wide.truncated) == (100, True)


def test_values_that_json_has_no_word_for_are_texts():
    answer = answer_of(
        FACTS, "SELECT 9e999, -9e999, x'ff', CAST(x'ff' AS TEXT), char(55296), 9223372036854775807, NULL"
    )
    assert answer.rows == (("inf", "-inf", "ff", "\ufffd", "\ufffd" * 3, 2**63 - 1, None),)


def test_lists_inside_facts_can_be_asked():
    sql = "SELECT u.name, json_extract(t.value, '$.Key') FROM iam_users u, json_each(u.Tags) t"
    answer = answer_of(FACTS, sql)
    assert (answer.rows, answer.reads) == ((("ann", "a"),), ("iam_users",))


def test_the_process_knows_nothing_of_ours(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "not for you")
    assert set(environment()) == {"PATH", "LANG", "PYTHONDONTWRITEBYTECODE"}


def test_two_questions_at_once_are_answered_for_an_organization_and_four_in_all():
    with place_for(1), place_for(1):
        with pytest.raises(TooOften, match="Two questions"), place_for(1):
            pass
        with place_for(2), place_for(3), pytest.raises(TooOften, match="busy"), place_for(4):
            pass
        with place_for(2):
            pass
    with place_for(1):
        pass


@pytest.mark.django_db
def test_a_run_can_be_asked_and_a_custom_control_is_evaluated_with_it():
    a_benchmark("one", "s3_bucket_versioning")
    account = an_account()
    actor = member(account.organization, "manage_compliance", "view_compliance")
    sql = "SELECT arn, name FROM s3_bucket_versioning WHERE Status IS NOT 'Enabled'"
    values = {"title": "Buckets are versioned", "severity": "high", "sql": sql}
    control = create_control(actor=actor, organization=account.organization, values=values)
    blind = create_control(
        actor=actor, organization=account.organization, values={"title": "Not read", "sql": "SELECT 1 FROM iam_users"}
    )
    nobody = "SELECT arn FROM s3_buckets WHERE name = 'nobody'"
    fine = create_control(actor=actor, organization=account.organization, values={"title": "Fine", "sql": nobody})
    with amazon() as aws:
        bucket(aws, "kept", versioned=True)
        bucket(aws, "lost")
        asked(account, "one", actor=actor)
        collecting.drain(clock=timezone.now)
    run = Run.objects.get()
    result = CustomResult.objects.get(control=control, snapshot=run.snapshot)
    assert (result.status, result.affected) == ("FAIL", 1)
    unread = CustomResult.objects.get(control=blind)
    assert unread.status == "ERROR" and "no such table: iam_users" in unread.reason
    assert CustomResult.objects.get(control=fine).status == "PASS"
    answer = ask(actor=actor, snapshot=run.snapshot, sql="SELECT name FROM s3_buckets ORDER BY 1")
    assert answer.rows == (("kept",), ("lost",))
    tables = {table.name: table for table in tables_of(run.snapshot)}
    assert "Status" in tables["s3_bucket_versioning"].columns
    assert tables["s3_buckets"].rows == 2


@pytest.mark.django_db
def test_a_control_that_is_no_question_is_refused_when_it_is_saved():
    account = an_account()
    actor = member(account.organization, "manage_compliance")
    control = create_control(
        actor=actor, organization=account.organization, values={"title": "One", "sql": "SELECT 1 FROM iam_users"}
    )
    with pytest.raises(Invalid, match="Only reading"):
        change_control(actor=actor, control=control, values={"sql": "DELETE FROM iam_users"})
