/** The steps of a saga as a picture: a column of boxes, what is done, where it stands, what was taken back. */
import { serviceOf, taskName } from '../lib/format.js';
import { MARKS, stateOf, type Step } from './step-states.js';

const ROW = 62;
function Box({ step, row, last }: { step: Step; row: number; last: boolean }) {
  const y = row * ROW + 4;
  return (
    <g class={`step ${step.state}`} transform={`translate(4 ${y})`}>
      {!last && <path class="arrow" d={`M18 46 v${ROW - 50} m-4 -5 l4 5 l4 -5`} />}
      <rect width="372" height="46" rx="6" />
      <text class="mark" x="18" y="29" text-anchor="middle">
        {MARKS[step.state]}
      </text>
      <text class="name" x="38" y="20">
        {taskName(step.name)}
      </text>
      <text class="note" x="38" y="37">
        {`${serviceOf(step.name)} · ${step.kind}`}
        {step.undo && step.kind !== 'pivot' && ` · undo: ${taskName(step.undo)}`}
      </text>
      <text class="state" x="364" y="20" text-anchor="end">
        {stateOf(step)}
      </text>
    </g>
  );
}

/** The pivot has a line below it: from there on there is only forward. */
export function StateMachine({ steps }: { steps: readonly Step[] }) {
  const pivot = steps.findIndex(({ kind }) => kind === 'pivot');
  const told = steps.map((step) => `${taskName(step.name)}: ${stateOf(step)}`).join('; ');
  return (
    <svg class="machine" viewBox={`0 0 380 ${steps.length * ROW}`} role="img" aria-label={`Steps. ${told}`}>
      {steps.map((step, row) => (
        <Box key={step.name} step={step} row={row} last={row === steps.length - 1} />
      ))}
      {pivot >= 0 && pivot < steps.length - 1 && (
        <g class="pivot-line">
          <line x1="40" x2="225" y1={(pivot + 1) * ROW - 4} y2={(pivot + 1) * ROW - 4} />
          <text x="376" y={(pivot + 1) * ROW - 1} text-anchor="end">
            only forward from here
          </text>
        </g>
      )}
    </svg>
  );
}
