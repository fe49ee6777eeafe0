from __future__ import annotations

import os


def test_one_thread_is_judged_by_its_cpu_time(block):
    assert not block(2.0, 2.0, 2.0, cpu=1.99).is_disturbed(1)
    assert block(2.0, 2.0, 2.0, cpu=1.8).is_disturbed(1)


def test_one_iteration_that_lost_its_core_does_not_disturb_the_median(block):
    assert not block(2.0, 2.0, 9.0, cpu=2.0).is_disturbed(1)


def test_more_threads_are_judged_by_waiting_for_a_core(block):
    assert not block(2.0, 2.0, cpu=1.0, waited_ns=1e4).is_disturbed(2)
    assert block(2.0, 2.0, cpu=1.0, waited_ns=4e5).is_disturbed(2)


def test_where_waiting_is_unknown_switches_are_counted(block):
    assert not block(*[2.0] * 10, switches=2).is_disturbed(2)
    assert block(*[2.0] * 10, switches=8).is_disturbed(2)


def test_other_work_on_the_machine_disturbs_although_the_core_was_kept(block):
    assert not block(2.0, 2.0, others=0.1).is_disturbed(1)
    assert block(2.0, 2.0, others=float(os.cpu_count() or 1)).is_disturbed(1)


def test_where_nothing_is_known_nothing_is_said_to_be_disturbed(block):
    silent = block(2.0, 2.0)
    assert silent.disturbance(2) is None
    assert not silent.is_disturbed(2)
