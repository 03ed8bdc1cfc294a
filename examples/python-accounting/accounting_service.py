#!/usr/bin/env python3
"""accounting-service in Python: a participant that shares no line with the library, only the wire.

Read from below: main connects, consume takes deliveries one by one, handle runs one in a transaction.
Settings: AMQP_URL (several, separated by commas, are tried in turn), DATABASE_FILE, DECLARE_TOPOLOGY.
"""
import json
import logging
import os
import re
import signal
import sqlite3
import struct
import sys
import time
import uuid

import pika
import pika.data
from pika.exceptions import AMQPError, ChannelClosedByBroker, UnroutableError

SERVICE = "accounting_service"
QUEUE = f"{SERVICE}.commands"
AUTHORIZE = f"{SERVICE}.authorize_card"
REVERSE = f"{SERVICE}.reverse_authorization"

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
ORDER_ID = re.compile(UUID)
COMMAND_ID = re.compile(UUID + ":[1-9][0-9]{0,8}")
REPLY_ADDRESS = re.compile(r"[a-z][a-z0-9_]{0,99}\.responses")
MAX_INTEGER = 2_147_483_647
MAX_BYTES = 1_048_576
MAX_DEPTH = 100
MAX_HEADER_BYTES = 65_536
MAX_HEADER_FIELDS = 1_000
MAX_HEADER_DEPTH = 16
MAX_MESSAGE = 2_000
# Processes that may die of one message before it is laid aside.
MAX_DEATHS = 3
# For how long an exchange that is missing, or may not be written to, is not asked for again.
REFUSED_SECONDS = 5
HEARTBEAT_SECONDS = 5

log = logging.getLogger(SERVICE)


class Dead(Exception):
    """A message that cannot be answered."""

    def __init__(self, cause, detail):
        super().__init__(detail)
        self.cause = cause


# --- Outcomes: what is stored, and what a reply says -------------------------------------------------------------

def success(reply):
    return {"kind": "success", "reply": reply}


def refusal(code, message):
    """The business says no: final, and stored."""
    return {"kind": "refusal", "code": code, "message": message}


def error(code, message):
    """Something broke: never stored, so that the next delivery is handled afresh."""
    return {"kind": "error", "code": code, "message": message[:MAX_MESSAGE]}


# --- The business ------------------------------------------------------------------------------------------------

def authorize_card(db, payload):
    order_id, card_id, amount = payload["orderId"], int(payload["cardId"]), int(payload["amount"])
    card = db.execute("select status, payment_limit from card where id = ?", (card_id,)).fetchone()
    if card is None:
        return refusal("CARD_NOT_FOUND", f"There is no card {card_id}")
    status, limit = card
    if status == "BLOCKED":
        return refusal("CARD_BLOCKED", f"Card {card_id} is blocked")
    if amount > limit:
        return refusal("LIMIT_EXCEEDED", f"Card {card_id} allows {limit} for one payment, and this is {amount}")
    authorization_id = str(uuid.uuid4())
    inserted = db.execute(
        "insert into card_authorization (id, order_id, consumer_id, card_id, amount, status)"
        " values (?, ?, ?, ?, ?, 'AUTHORIZED') on conflict (order_id) do nothing",
        (authorization_id, order_id, int(payload["consumerId"]), card_id, amount),
    ).rowcount
    if not inserted:
        return refusal("ORDER_HAS_AUTHORIZATION", f"Order {order_id} already has an authorization")
    return success({"authorizationId": authorization_id})


def reverse_authorization(db, payload):
    """By the order, for the sender may never have learned the authorization's id."""
    db.execute("update card_authorization set status = 'REVERSED' where order_id = ?", (payload["orderId"],))
    return success({})


def is_text(pattern):
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def is_positive(value):
    # A JSON number without a fraction is an integer, however it is written; True is none.
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return whole and not isinstance(value, bool) and 1 <= value <= MAX_INTEGER


# Each command: its handler and the schema of its payload. One with an actionId is an undo.
COMMANDS = {
    AUTHORIZE: (authorize_card, {
        "orderId": is_text(ORDER_ID), "consumerId": is_positive, "cardId": is_positive, "amount": is_positive,
    }),
    REVERSE: (reverse_authorization, {"orderId": is_text(ORDER_ID), "actionId": is_text(COMMAND_ID)}),
}


def problems_of(schema, payload):
    if not isinstance(payload, dict):
        return "(whole): Expected object"
    wrong = [name for name, is_valid in schema.items() if name not in payload or not is_valid(payload[name])]
    return "; ".join(f"/{name}: missing, or not as the schema says" for name in wrong)


# --- The barrier -------------------------------------------------------------------------------------------------

TABLES = """
create table if not exists card (id integer primary key, status text not null, payment_limit integer not null);
create table if not exists card_authorization (
  id text primary key, order_id text not null unique, consumer_id integer not null,
  card_id integer not null references card (id), amount integer not null, status text not null);
create table if not exists inbox (
  command_id text primary key, state text not null check (state in ('answered', 'barred')), outcome text);
create table if not exists suspect (name text primary key, deaths integer not null);
insert or ignore into card values (1, 'ACTIVE', 5000), (2, 'BLOCKED', 5000), (3, 'ACTIVE', 1000000);
"""


def open_database(file):
    # Transactions are begun by hand. It waits for other processes for less long than the broker waits for a heartbeat.
    db = sqlite3.connect(file, isolation_level=None, timeout=HEARTBEAT_SECONDS)
    db.execute("pragma journal_mode = wal")
    # A commit that was answered must survive a power failure.
    db.execute("pragma synchronous = full")
    db.executescript(TABLES)
    return db


def handle(db, task, command_id, payload):
    """Effect and stored outcome in one transaction, or neither. Returns the outcome."""
    try:
        # The write lock from the beginning: a command and its duplicate, an action and its undo, come one after the other.
        db.execute("begin immediate")
        outcome = outcome_of(db, task, command_id, payload)
        db.execute("commit")
        return outcome
    except Exception as failure:  # whatever it is, the orchestrator decides about another attempt
        log.exception("%s %s failed", task, command_id)
        if db.in_transaction:
            db.execute("rollback")
        return error("HANDLER_FAILED", str(failure))


def outcome_of(db, task, command_id, payload):
    known = find(db, command_id)
    if known is not None:
        state, outcome = known
        if state == "barred":
            return refusal("BARRED", "This command was undone before it came; it has no effect")
        return outcome
    action_id = payload.get("actionId") if task == REVERSE else None
    run, _schema = COMMANDS[task]
    if action_id is None or had_effect(find(db, action_id)):
        outcome = run(db, payload)
    else:
        db.execute("insert or ignore into inbox values (?, 'barred', null)", (action_id,))
        outcome = success({})
    db.execute("insert or replace into inbox values (?, 'answered', ?)", (command_id, json.dumps(outcome)))
    return outcome


def find(db, command_id):
    row = db.execute("select state, outcome from inbox where command_id = ?", (command_id,)).fetchone()
    return row and (row[0], row[1] and json.loads(row[1]))


def had_effect(known):
    return known is not None and known[0] == "answered" and known[1]["kind"] == "success"


# --- Messages that kill: each is counted before it is handled, and what is not forgotten afterwards was a death ----

def suspect_name(delivery, properties):
    """None for a message that was not delivered before."""
    command_id = properties.correlation_id or ""
    known = delivery.redelivered and delivery.routing_key in COMMANDS and COMMAND_ID.fullmatch(command_id)
    return f"{delivery.routing_key} {command_id}" if known else None


def count_delivery(db, name):
    """Returns how many processes have died of it before."""
    row = db.execute("select deaths from suspect where name = ?", (name,)).fetchone()
    db.execute("insert into suspect values (?, 1) on conflict (name) do update set deaths = deaths + 1", (name,))
    return row[0] if row else 0


def forget(db, name):
    db.execute("delete from suspect where name = ?", (name,))


# --- The wire ----------------------------------------------------------------------------------------------------

def parse(body):
    if len(body) > MAX_BYTES:
        raise Dead("TOO_LARGE", f"The body has {len(body)} bytes; {MAX_BYTES} are allowed")
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=no_json)
        if depth_exceeds(MAX_DEPTH, value):
            raise ValueError
        return value
    except (ValueError, RecursionError):
        raise Dead("UNPARSEABLE", "The body is not JSON, or nested too deeply") from None


def no_json(name):
    raise ValueError(f"{name} is no JSON")


def depth_exceeds(levels, value):
    if not isinstance(value, (dict, list)):
        return False
    items = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(depth_exceeds(levels - 1, item) for item in items)


class UnreadableHeaders(dict):
    """Stands for headers that are out of bounds or malformed."""


def bound_headers():
    """pika reads tables and arrays by recursion, and one message that is nested deeply ends the connection with all that was delivered
    on it. A table tells its size, so whatever it holds can be passed over."""
    decode = pika.data.decode_table

    def decode_bounded(encoded, offset):
        size = struct.unpack_from(">I", encoded, offset)[0]
        if size <= MAX_HEADER_BYTES:
            pika.data.decode_table = decode  # for the tables inside: they are bounded with this one, not by themselves
            try:
                table, end = decode(encoded, offset)
                if not depth_exceeds(MAX_HEADER_DEPTH, table) and fields_in(table) <= MAX_HEADER_FIELDS:
                    return table, end
            except Exception:  # nested too deeply, of an unknown type, or cut short
                pass
            finally:
                pika.data.decode_table = decode_bounded
        return UnreadableHeaders(), offset + 4 + size

    pika.data.decode_table = decode_bounded


def fields_in(value):
    if not isinstance(value, (dict, list)):
        return 0
    items = value.values() if isinstance(value, dict) else value
    return len(items) + sum(fields_in(item) for item in items)


class Wire:
    """One connection: a channel to consume on, and one to publish on, with confirms."""

    # Addresses that refused, and until when; it outlives the connection, which a refused publication ends.
    refused = {}

    def __init__(self, parameters):
        self.connection = pika.BlockingConnection(parameters)
        self.known = set()
        self.consuming = self.connection.channel()
        # One at a time: a message that kills this process takes no other to its delivery limit.
        self.consuming.basic_qos(prefetch_count=1)
        self.publishing = self.connection.channel()
        self.publishing.confirm_delivery()

    def declare(self):
        channel = self.consuming
        channel.exchange_declare("saga.commands", "topic", durable=True)
        channel.exchange_declare("saga.dead", "direct", durable=True)
        kept = {"x-queue-type": "quorum", "x-overflow": "reject-publish"}
        channel.queue_declare(f"{QUEUE}.dead", durable=True, arguments={**kept, "x-delivery-limit": 1_000_000})
        channel.queue_bind(f"{QUEUE}.dead", "saga.dead", QUEUE)
        channel.queue_declare(QUEUE, durable=True, arguments={
            **kept,
            "x-delivery-limit": 100,
            "x-dead-letter-strategy": "at-least-once",
            "x-dead-letter-exchange": "saga.dead",
            "x-dead-letter-routing-key": QUEUE,
        })
        channel.queue_bind(QUEUE, "saga.commands", f"{SERVICE}.*")

    def check_reply_address(self, address):
        """A destination never comes from a message alone: it must look like a reply exchange, and exist."""
        if not REPLY_ADDRESS.fullmatch(address):
            raise Dead("REPLY_ADDRESS_REFUSED", 'replyTo must name an exchange "<saga>.responses"')
        if address in self.known:
            return
        if self.refused.get(address, 0) < time.monotonic():
            # A missing exchange costs the channel that asks for it.
            asking = self.connection.channel()
            try:
                asking.exchange_declare(address, passive=True)
                asking.close()
                self.known.add(address)
                return
            except ChannelClosedByBroker:
                self.refuse(address)
        raise Dead("REPLY_ADDRESS_REFUSED", f'There is no exchange "{address}" that this service may write to')

    def refuse(self, address):
        now = time.monotonic()
        # Addresses come from outside: those of which the time is over must not pile up.
        for old in [name for name, until in self.refused.items() if until < now]:
            del self.refused[old]
        self.refused[address] = now + REFUSED_SECONDS

    def publish(self, exchange, routing_key, body, headers, **properties):
        """Returns when the broker has it. Raises UnroutableError when no queue takes it, another AMQPError otherwise."""
        self.publishing.basic_publish(
            exchange, routing_key, body, mandatory=True,
            properties=pika.BasicProperties(
                content_type="application/json", delivery_mode=2, headers=headers, **properties),
        )

    def reply(self, task, command_id, address, outcome, incoming):
        is_success = outcome["kind"] == "success"
        headers = {"x-saga-id": command_id.split(":")[0]}
        traceparent = incoming.get("traceparent")
        if isinstance(traceparent, str) and len(traceparent) <= 255:
            headers["traceparent"] = traceparent
        attempt = incoming.get("x-saga-attempt")
        if isinstance(attempt, int) and not isinstance(attempt, bool):
            headers["x-saga-attempt"] = attempt
        try:
            self.publish(
                address, f"{task}.response.{'success' if is_success else 'failure'}",
                json.dumps(outcome["reply"] if is_success else outcome), headers, correlation_id=command_id)
        except UnroutableError:
            log.warning("no queue takes the reply to %s; it is asked for again", command_id)
        except ChannelClosedByBroker as closed:
            if closed.reply_code == 403:
                self.refuse(address)
            raise

    def dead_letter(self, delivery, properties, body, dead):
        log.warning("dead-lettered: %s (%s)", dead.cause, dead)
        plain = [(name, value) for name, value in (properties.headers or {}).items()
                 if (isinstance(value, int) and not isinstance(value, bool))
                 or (isinstance(value, str) and len(value.encode()) <= 1000)]
        headers = {
            **dict(plain[:30]),
            "x-cause": dead.cause,
            "x-cause-detail": str(dead)[:500],
            "x-original-exchange": delivery.exchange,
            "x-original-routing-key": delivery.routing_key,
        }
        # One that no queue takes is not acknowledged: this raises.
        self.publish("saga.dead", QUEUE, body, headers,
                     correlation_id=properties.correlation_id, reply_to=properties.reply_to)


def take(wire, db, delivery, properties, body):
    """Does with one delivery what there is to do, and acknowledges last."""
    suspect = suspect_name(delivery, properties)
    deaths = count_delivery(db, suspect) if suspect else 0
    if deaths >= MAX_DEATHS:
        detail = f"{deaths} processes died while they handled it"
        wire.dead_letter(delivery, properties, body, Dead("CRASH_LOOP", detail))
        forget(db, suspect)
    else:
        try:
            answer(wire, db, delivery, properties, body)
        finally:
            # Whatever happened, this process has survived it.
            if suspect:
                forget(db, suspect)
    wire.consuming.basic_ack(delivery.delivery_tag)


def answer(wire, db, delivery, properties, body):
    task, command_id, address = delivery.routing_key, properties.correlation_id, properties.reply_to
    try:
        if isinstance(properties.headers, UnreadableHeaders):
            raise Dead("UNREADABLE_HEADERS", "The headers are too large, too many, nested too deeply, or malformed")
        payload = parse(body)
        if task not in COMMANDS:
            raise Dead("UNKNOWN_TASK", f'No command "{task[:200]}" here; known: {", ".join(COMMANDS)}')
        if command_id is None:
            raise Dead("NO_CORRELATION_ID", "The property correlationId is missing")
        if address is None:
            raise Dead("NO_REPLY_ADDRESS", "The property replyTo is missing")
        wire.check_reply_address(address)
    except Dead as dead:
        wire.dead_letter(delivery, properties, body, dead)
    else:
        problems = problems_of(COMMANDS[task][1], payload)
        if not COMMAND_ID.fullmatch(command_id):
            outcome = error("INVALID_COMMAND_ID", 'correlationId must read "<saga id, a UUID>:<sequence, from 1>"')
        elif problems:
            outcome = error("INVALID_PAYLOAD", problems)
        else:
            outcome = handle(db, task, command_id, payload)
        wire.reply(task, command_id, address, outcome, properties.headers or {})


def consume(wire, db, is_stopping):
    """Until it is to stop, or the broker ends the consumer because its queue was deleted."""
    log.info("consuming %s", QUEUE)
    for delivery, properties, body in wire.consuming.consume(QUEUE, inactivity_timeout=0.5):
        if is_stopping():
            return
        if delivery is not None:
            take(wire, db, delivery, properties, body)
    log.warning("the consumer was cancelled")


def main():
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    bound_headers()
    db = open_database(os.environ.get("DATABASE_FILE", "accounting.sqlite"))
    parameters = [pika.URLParameters(url) for url in os.environ["AMQP_URL"].split(",")]
    for one in parameters:
        one.heartbeat = HEARTBEAT_SECONDS
        one.client_properties = {"connection_name": "accounting-service-python"}
    declares = os.environ.get("DECLARE_TOPOLOGY", "true") != "false"

    stopping = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.append(True))

    pause = 0.1
    while not stopping:
        wire = None
        try:
            wire = Wire(parameters)
            if declares:
                wire.declare()
            pause = 0.1
            consume(wire, db, lambda: bool(stopping))
        except (AMQPError, OSError) as failure:
            log.warning("RabbitMQ: %r; connecting again", failure)
        except Exception:  # one message that pika cannot even decode must not end the service; the delivery limit ends the message
            log.exception("failed; connecting again")
        finally:
            if wire is not None and wire.connection.is_open:
                try:
                    # What was not acknowledged goes back to the queue.
                    wire.connection.close()
                except Exception as failure:
                    log.warning("closing failed: %r", failure)
        if not stopping:
            time.sleep(pause)
            pause = min(pause * 2, 3)
    db.close()


if __name__ == "__main__":
    main()
