from __future__ import annotations

import dataclasses
import os


def test_one_thread_is_judged_by_its_cpu_time(block):
    assert not block(2.0, 2.0, 2.0, cpu=1.99).is_disturbed(1)
    assert block(2.0, 2.0, 2.0, cpu=1.8).is_disturbed(1)


def test_iterations_that_lost_their_core_are_left_out_while_there_are_others(block):
    mixed = block(2.0, 9.0, 8.0, 2.04, 7.0, cpu=2.0)
    assert mixed.median_ms(1) == 2.02
    assert not mixed.is_disturbed(1)
    assert mixed.median_ms(2) == 7.0
    assert block(9.0, 8.0, 7.0, cpu=2.0).median_ms(1) == 8.0


def test_without_a_clock_for_cpu_time_all_iterations_count(block):
    coarse = dataclasses.replace(block(2.0, 9.0, 8.0), cpu_ns=())
    assert coarse.median_ms(1) == 8.0
    assert coarse.cpu_median_ms is None


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
