"""The line of progress: trials, rate, time left."""

from commonweal.app.console import Console
from commonweal.lab.ledger import Progress


def progress(done, work_done):
    return Progress(trials=100, done=done, work=50.0, work_done=work_done, failed=(), open=1)


def test_rate_and_time_left_count_from_where_the_run_was_taken_up():
    first = progress(20, 10.0)
    assert Console.line(first, first, 0.0) == "20/100 trials, the next are under way, time left: measuring"
    assert (
        Console.line(progress(0, 0.0), progress(0, 0.0), 0.0) == "0/100 trials, the first are under way, time left: measuring"
    )
    assert Console.line(progress(20, 20.0), first, 10.0) == "20/100 trials, the next are under way, 0:30 left"
    assert Console.line(progress(60, 30.0), first, 10.0) == "60/100 trials, 4.0 a second, 0:10 left"
    assert Console.line(progress(60, 11.0), first, 1000.0) == "60/100 trials, 2.4 a minute, 10:50:00 left"


def test_without_a_terminal_lines_are_rare(capsys):
    with Console() as console:
        for done in range(5):
            console.show(progress(done, float(done)))
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_line_that_says_nothing_new_is_rarer_still():
    assert Console.wait("0/100 trials", "") == 15
    assert Console.wait("0/100 trials", "0/100 trials") == 120
