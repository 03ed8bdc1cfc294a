/** What `saga --help` says: it is to be enough at three in the morning. */
export const HELP = `saga: see and steer sagas, from a terminal

  saga list [text]              sagas, newest first
      --status stuck|running|compensating|completed|compensated
      --saga NAME  --step STEP  --min-age SECONDS  --min-attempts N
      --sort newest|stalest|attempts  --limit N  --cursor C
      text: a saga id, an order id, or data.<path>:<value>, such as data.consumerId:70
      --exit-code               end with 1 when there are any: for a script that watches
  saga show ID                  one saga: its steps, what it awaits, all that happened, what you can do
  saga watch [ID]               changes as they come; of one saga until it ends:
                                0 when completed, 1 when compensated or stuck
  saga retry ID                 send the awaited command again, with all its attempts before it
  saga compensate ID            undo what was done, after showing it; --dry-run only shows it
  saga skip ID                  go on without a stuck step; put right by hand what it should have done
  saga accept ID --reply FILE   take a stuck step for done, with what it should have answered, as JSON
                                (- is standard input): for one that has had its effect and answers
                                what is of no use, again and again
  saga give-up ID               undo a stuck pivot whose answer is of no use, and all before it,
                                after showing it; --dry-run only shows it
  saga edit ID --payload FILE   send the awaited command with another payload, as JSON (- is standard
                                input), after showing what changes; --dry-run only shows it;
                                the service must allow it (OPERATOR_MAY_EDIT=true)
  saga bulk retry               retry all that are stuck, and match --saga, --step, --code, --since TIME,
                                --message TEXT: the whole message of the last error; its ids and numbers may differ
      --per-second N            the most in a second (20)   --dry-run   only say how many match
  saga bulk [list] | bulk show|pause|resume ID
  saga dead-letters [list]      which queues have messages that nobody could handle
  saga dead-letters show QUEUE [--limit N]
  saga dead-letters replay|discard QUEUE ID|--all
  saga audit                    what operators did, newest first
  saga diagram [NAME]           the state machine of a saga, as Mermaid text

  --reason TEXT  why; needed by all that changes something, and recorded
  --by NAME      who; your user name unless given, or SAGA_OPERATOR
  --version N    of the saga, as you saw it; nothing is done when it has moved on. Without it, as it is when you call
  --yes          do not ask for confirmation
  --json         for programs

A stuck saga, step by step:
  saga list --status stuck
  saga show 019c1f2e-7b1a-7c4d-9e5f-ba9876543210
  (mend what its last error tells of)
  saga retry 019c1f2e-7b1a-7c4d-9e5f-ba9876543210 --reason "the kitchen is back"
  saga watch 019c1f2e-7b1a-7c4d-9e5f-ba9876543210

Environment:
  SAGA_URL        where the orchestrator's service listens, with its path where it has one;
                  unless given, what "npm start" runs here, or http://127.0.0.1:8081
  OPERATOR_TOKEN  the service's token; that of "npm start" here is found

Exit codes:
  0 done
  1 bad news: see watch and --exit-code
  2 wrong usage
  3 refused: not allowed now, a payload that breaks its schema, or the saga has moved on
  4 no such saga, queue or operation
  5 the token is missing or wrong
  6 the service is away, or failed, or is no such service; or the output cannot be written`;
