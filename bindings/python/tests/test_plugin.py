"""The pytest plugin."""

import pytest

from neovm import Account, Chain, GasReport

TESTS = """
    import pytest

    @pytest.fixture(scope="module")
    def token(neovm_chain):
        return neovm_chain.deploy({nef!r})

    @pytest.mark.parametrize("turn", range(2))
    def test_transfer(chain, token, alice, bob, turn):
        assert token.balanceOf(bob) == 0
        assert token.transfer(alice, bob, 5, None)
        assert token.balanceOf(bob) == 5
        assert chain.height == 0
        chain.mine()

    def test_fault(chain, token, alice):
        with chain.signed_by(alice):
            assert chain.gas.balanceOf(alice) == 10_000 * 10**8
            token.balanceOf(b"")
"""


def test_each_test_begins_with_a_fresh_state(pytester: pytest.Pytester, examples: object) -> None:
    pytester.makepyfile(TESTS.format(nef=f"{examples}/token.nef"))
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*ValueError: argument 'account' of balanceOf: a UInt160 has 20 bytes, not 0"])
    assert "gas in GAS" not in result.stdout.str()


def test_the_report_adds_up_gas(pytester: pytest.Pytester, examples: object) -> None:
    pytester.makepyfile(TESTS.format(nef=f"{examples}/token.nef"))
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--gas-report")
    result.stdout.fnmatch_lines(
        [
            "*= gas in GAS =*",
            "method *calls * least * mean * most * faults",
            "GasToken.balanceOf * 1 * 0",
            "Token._deploy * 1 *",
            "Token.balanceOf * 4 *",
            "Token.transfer * 2 *",
        ]
    )


def test_faults_are_counted(chain: Chain, alice: Account) -> None:
    report = GasReport()
    chain.observers.append(report)
    try:
        assert not chain.policy.setFeePerByte.run(5).ok
        chain.policy.getFeePerByte()
    finally:
        chain.observers.remove(report)
    use = report.methods["PolicyContract", "setFeePerByte"]
    assert (use.calls, use.faults) == (1, 1) and use.least == use.most == use.mean == use.total > 0
    assert "PolicyContract.getFeePerByte" in str(report)
