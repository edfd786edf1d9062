from boa3.sc import storage
from boa3.sc.compiletime import public


@public
def classify(n: int) -> int:
    total = 0
    i = 0
    while i < n:
        if i % 3 == 0:
            total += i
        else:
            total -= 1
        i += 1
    if total > 100:
        return 100
    return total


@public
def keep(key: bytes, value: int) -> bool:
    if value < 0:
        return False
    storage.put_int(key, value)
    return True
