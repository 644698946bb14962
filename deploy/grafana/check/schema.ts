// What the dashboard may hold: Grafana's own types, with nothing left open that this dashboard uses.
//
// In @grafana/schema a panel's options, field options and queries are records of anything, to be narrowed by
// the panel's type. Here they are: each kind of panel has its plugin's types, each override the type its id asks for.
import type {
  AnnotationQuery,
  Dashboard,
  DataQuery,
  DataSourceRef,
  FieldColor,
  FieldConfig,
  LineInterpolation,
  LineStyle,
  Panel,
  RowPanel,
  VariableModel,
} from '@grafana/schema';
import type { Options as StatOptions } from '@grafana/schema/dist/types/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen.d.ts';
import type {
  FieldConfig as LinesFieldConfig,
  Options as LinesOptions,
} from '@grafana/schema/dist/types/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen.d.ts';

/** The type as JSON writes it: an enum's members become their values. */
type Json<T> = T extends string
  ? `${T}`
  : T extends number
    ? `${number}` extends `${T}`
      ? number
      : `${T}` extends `${infer N extends number}`
        ? N
        : never
    : T extends readonly (infer E)[]
      ? Json<E>[]
      : T extends object
        ? { [K in keyof T]: Json<T[K]> }
        : T;

/** A query of the Prometheus data source, whose types are not part of the schema package. */
interface PrometheusQuery extends DataQuery {
  datasource: Required<Pick<DataSourceRef, 'type' | 'uid'>> & { type: 'prometheus' };
  expr: string;
  legendFormat: string;
  editorMode: 'code';
  instant: boolean;
  range: boolean;
}

type Property =
  | { id: 'color'; value: FieldColor }
  | { id: 'custom.lineStyle'; value: LineStyle }
  | { id: 'custom.lineInterpolation'; value: LineInterpolation };

interface Override {
  matcher: { id: 'byName' | 'byRegexp' | 'byFrameRefID'; options: string };
  properties: Property[];
}

type PanelOf<Type, Options, Defaults> = Omit<Panel, 'type' | 'options' | 'fieldConfig' | 'targets'> &
  Required<Pick<Panel, 'id' | 'title' | 'description' | 'gridPos'>> & {
    type: Type;
    options: Options;
    targets: PrometheusQuery[];
    fieldConfig: { defaults: Defaults; overrides: Override[] };
  };

type Plain = Omit<FieldConfig, 'custom'>;
type Lines = PanelOf<'timeseries', LinesOptions, Plain & { custom: LinesFieldConfig }>;
type Figures = PanelOf<'stat', StatOptions, Plain>;
type Heading = Omit<RowPanel, 'panels'> & { panels: [] };

/** A query for events; the last four are the Prometheus data source's. */
interface Events extends Omit<AnnotationQuery, 'target'> {
  target: Pick<PrometheusQuery, 'refId' | 'expr'> & { interval: string };
  titleFormat: string;
  textFormat: string;
  tagKeys: string;
  useValueForTime: boolean;
}

export type LoadTestDashboard = Json<
  Omit<Dashboard, 'panels' | 'annotations' | 'templating'> & {
    panels: (Lines | Figures | Heading)[];
    annotations: { list: Events[] };
    templating: { list: VariableModel[] };
  }
>;
