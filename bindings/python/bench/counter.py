from boa3.sc.compiletime import public
from boa3.sc.contracts import GasToken
from boa3.sc.runtime import check_witness, notify
from boa3.sc.storage import get_int, put_int
from boa3.sc.types import UInt160
from boa3.sc.utils import CreateNewEvent

added = CreateNewEvent([('who', UInt160), ('amount', int)], 'Added')


@public(safe=True)
def total() -> int:
    return get_int(b'total')


@public
def add(who: UInt160, amount: int) -> int:
    assert check_witness(who), 'no witness'
    value = get_int(b'total') + amount
    put_int(b'total', value)
    added(who, amount)
    return value
