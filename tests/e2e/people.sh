#!/usr/bin/env bash
# Seats from the command line: one proposes, another approves, either takes away; X acts for Y; who
# may know, who may do; a forgotten password.
. "$SOURCE_DIR/tests/support/fixture.sh"
fixture_open
fixture_server office group auditor unit01 unit02
fixture_sample

secrets=$HOME_DIR/secrets
expect "an account is added" cli admin admin account add deputy --display 样例副职 --org unit01 \
    --role REVIEWER --password-file "$secrets/deputy.password" --code-file "$secrets/deputy.code"
expect "the approver is told" grep -q 待批准的授权 <(cli grant todo)
expect_not "the proposer approves" cli admin grant approve --all
ref=$(cli grant grant list --state PROPOSED -o json | jq -r '.grants[0].ref')
expect "the approver sees the proposal" test "${ref%%-*}" = G
expect_not "a refusal without a reason" cli grant grant reject "$ref"
expect "it is approved" cli grant grant approve "$ref"
expect "nothing is left to approve" grep -q 没有待批准 <(cli grant grant approve --all)
expect_not "an administrator takes a second role" \
    cli admin admin seat propose admin --org admin --role AUDIT
expect "the seat is ended" cli admin admin seat end "$ref" --reason 样例调离

today=$(TZ=CST-8 date +%F)
expect "a substitution is proposed" cli admin admin substitute propose unit02 --of unit01 \
    --from "$today" --to "$today" --reason 样例外出
expect_not "it holds before it is approved" cli unit02 --as unit01 todo
expect "it is approved" cli grant grant approve --all
expect "the substitute sees the unit's work" grep -q P-01 <(cli unit02 --as unit01 todo)
expect "he signs for it" cli unit02 --as unit01 sign-for P-01-M-01
expect "the history says X 代 Y" grep -q '代' <(cli unit01 measure show P-01-M-01 -o json)
expect_not "as himself he does not see it" cli unit02 measure show P-01-M-01
expect "the scope is explained" grep -q 首要责任 <(cli unit01 scope P-01-M-01)
expect_not "a foreign scope is shown" cli unit02 scope P-01-M-01
expect "permissions are printed" grep -q 'GrantService/ApproveGrants,.*GRANT' \
    <(cli unit01 permissions -o csv)

expect "a password is reset" cli admin admin account reset unit02 --reason 样例遗忘 \
    --code-file "$secrets/unit02.reset"
expect_not "the session goes on" cli unit02 whoami
expect "its owner sets a new one" cli unit02 password set unit02 --code-file "$secrets/unit02.reset" \
    --password-file "$secrets/unit02.password"
expect "and logs in" cli unit02 login
expect "an account is disabled" cli grant admin account disable unit02 --reason 样例
expect_not "it goes on" cli unit02 whoami
expect "accounts are listed" grep -q 已停用 <(cli admin admin account list --org unit02)
