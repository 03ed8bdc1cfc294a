import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../paths.mjs';

/** Loads what was compiled; by a path made here, for static checks read the sources and know no dist. */
export const compiled = (file) => import(pathToFileURL(path.join(root, file)).href);
